//! A web app behind TLS, with certificates of every kind: only the one that the worker itself would believe is shown its key.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::servers::{PASSWORD, listening};
use crate::{general, look, program};

/// Makes them all, in the folder that it is run in.
const MAKE: &str = r#"
set -e
key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" -keyout "$1.key" "${@:3}"; }
for it in ca stranger; do key $it $it -x509 -days 9 -out $it.crt; done
key leaf 127.0.0.1 -out leaf.csr
key own 127.0.0.1 -x509 -days 9 -addext subjectAltName=IP:127.0.0.1 -out own.crt
cat > conf << 'END'
[ca]
default_ca = d
[d]
dir = .
database = index
new_certs_dir = .
serial = serial
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
[here]
subjectAltName = IP:127.0.0.1
[other]
subjectAltName = DNS:other.test,IP:127.0.0.9
[none]
basicConstraints = CA:FALSE
END
: > index; echo 01 > serial
sign() { openssl ca -batch -notext -config conf -cert "$2.crt" -keyfile "$2.key" -in leaf.csr -out "$1.crt" -extensions "$3" -startdate "$4" -enddate "$5"; }
past=$(date -u -d '-9 days' +%Y%m%d%H%M%SZ) yesterday=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
tomorrow=$(date -u -d '1 day' +%Y%m%d%H%M%SZ) later=$(date -u -d '8 days' +%Y%m%d%H%M%SZ)
sign right ca here "$past" "$later"
sign expired ca here "$past" "$yesterday"
sign not-yet ca here "$tomorrow" "$later"
sign other-name ca other "$past" "$later"
sign no-name ca none "$past" "$later"
sign by-a-stranger stranger here "$past" "$later"
"#;

/// A certificate, its key, what the worker believes, and what the web app is then taken for.
const KINDS: [(&str, &str, &str, &str); 9] = [
    ("right", "leaf", "ca.crt", "well"),
    ("expired", "leaf", "ca.crt", "expired"),
    ("not-yet", "leaf", "ca.crt", "not-yet-valid"),
    ("other-name", "leaf", "ca.crt", "other-name"),
    ("no-name", "leaf", "ca.crt", "other-name"),
    ("by-a-stranger", "leaf", "ca.crt", "unknown-issuer"),
    ("own", "own", "ca.crt", "unknown-issuer"),
    ("right", "leaf", "not-there.crt", "no-bundle"),
    ("right", "leaf", "leaf.key", "no-bundle"),
];

/// Answers as the app does, and notes whether it was shown the key.
fn serve(stream: TcpStream, config: &Arc<ServerConfig>, heard: &AtomicBool) {
    let Ok(connection) = ServerConnection::new(Arc::clone(config)) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    let mut asked = [0; 4096];
    let Ok(count) = stream.read(&mut asked) else { return };
    if String::from_utf8_lossy(&asked[..count]).contains(PASSWORD) {
        heard.store(true, Ordering::SeqCst);
    }
    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 26\r\n\r\n{\"error\": \"Job not found\"}");
}

fn config(folder: &Path, certificate: &str, key: &str) -> ServerConfig {
    let file = |name: String| folder.join(name);
    let chain = CertificateDer::pem_file_iter(file(format!("{certificate}.crt"))).expect("made");
    let key = PrivateKeyDer::from_pem_file(file(format!("{key}.key"))).expect("made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    config.with_no_client_auth().with_single_cert(chain.filter_map(Result::ok).collect(), key).expect("a certificate")
}

#[test]
fn of_every_certificate_the_truth_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new("bash").args(["-c", MAKE]).current_dir(folder.path()).output();
    if !made.is_ok_and(|output| output.status.success()) {
        return println!("skipped: no openssl to make certificates with");
    }
    let mut wrong = Vec::new();
    for (certificate, key, bundle, wanted) in KINDS {
        let what = format!("{certificate}, believing {bundle}");
        let config = Arc::new(config(folder.path(), certificate, key));
        let heard = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&heard);
        let port = listening(move |stream| serve(stream, &config, &flag));
        let variables = [
            ("FLASK_APP_URL", format!("https://127.0.0.1:{port}")),
            ("WORKER_API_KEY", PASSWORD.to_owned()),
            ("REQUESTS_CA_BUNDLE", folder.path().join(bundle).display().to_string()),
        ];
        let seen = look(&mut program(&variables), &["--redis-port", "1", "--postgres-port", "1"], &what);
        wrong.extend(general(&seen, &what));
        let said = &seen.fact("api")["seen"]["api"]["said"];
        let word = said.as_str().or_else(|| said["distrusted"].as_str()).unwrap_or_default();
        if word != wanted {
            wrong.push(format!("{what}: {said}, wanted {wanted}"));
        }
        if heard.load(Ordering::SeqCst) != (wanted == "well") {
            wrong.push(format!("{what}: the key was {}shown", if wanted == "well" { "not " } else { "" }));
        }
    }
    println!("{} certificates, {} wrong", KINDS.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
