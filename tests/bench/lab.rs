//! A lab of `tests/lab`, and everything that is done in it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use clipcheck::fact::Vantage;
use clipcheck::snapshot::Snapshot;

use super::fault::root;
use super::judged::Snapshots;

/// The server's address outside the tunnel.
const PUBLIC: &str = "198.51.100.1";

/// Why something could not be done.
pub enum LabError {
    /// There can be no lab here.
    NoLab(String),
    Failed(String),
}

impl From<String> for LabError {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// One lab. Taken down at the end if it was raised here.
pub struct Lab {
    name: String,
    binary: String,
    raised: bool,
    /// Values that must appear in no snapshot.
    secrets: Vec<String>,
    /// Whether a look may go before everything else that this machine does.
    ahead: bool,
}

/// What a command said.
pub struct Done {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Lab {
    /// Raises the lab, or takes the one that is up, and puts the binary in.
    pub fn up(name: &str, binary: &str) -> Result<Self, LabError> {
        let mut lab = Self {
            name: name.to_owned(),
            binary: binary.to_owned(),
            raised: false,
            secrets: Vec::new(),
            ahead: ahead(),
        };
        if lab.run(&["status"])?.1 == Some(3) {
            lab.raised = true;
        }
        let (done, code) = lab.run(&["up"])?;
        if code == Some(3) {
            return Err(LabError::NoLab(done.err.lines().last().unwrap_or_default().to_owned()));
        }
        expect(&done, "the lab does not come up")?;
        lab.put()?;
        expect(&lab.run(&["mend", "--all"])?.0, "the lab is not healthy")?;
        lab.note_secrets();
        Ok(lab)
    }

    fn run(&self, args: &[&str]) -> Result<(Done, Option<i32>), String> {
        self.typed(Command::new(root().join("tests/lab")).args(args))
    }

    /// A look, whose time is measured: it does not wait while other labs are being built. A container that starts again
    /// and again lets nobody in between, so that its look is tried for some seconds.
    fn run_ahead(&self, args: &[&str]) -> Result<Done, String> {
        let mut left = 10;
        loop {
            let mut command = Command::new("chrt");
            command.args(["--rr", "1"]).arg(root().join("tests/lab")).args(args);
            let done = if self.ahead { self.typed(&mut command)? } else { self.run(args)? }.0;
            left -= 1;
            if done.ok || left == 0 || !done.err.contains("is restarting, wait until") {
                return Ok(done);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn typed(&self, command: &mut Command) -> Result<(Done, Option<i32>), String> {
        let output = command
            .env("CLIPCHECK_LAB", &self.name)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("tests/lab: {}", error.kind()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let done = Done { ok: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) };
        Ok((done, output.status.code()))
    }

    /// Puts the binary in, also into a container that was just recreated.
    pub fn put(&self) -> Result<(), String> {
        expect(&self.run(&["put", &self.binary])?.0, "the binary could not be put into the lab")
    }

    /// A command on a host, as root.
    pub fn inside(&self, host: &str, command: &[&str]) -> Result<Done, String> {
        let mut args = vec!["in", host];
        args.extend(command);
        Ok(self.run(&args)?.0)
    }

    /// All hosts, also those that were touched by hand.
    pub fn mend_all(&self) -> Result<(), String> {
        expect(&self.run(&["mend", "--all"])?.0, "the lab could not be mended")
    }

    pub fn mend(&self) -> Result<(), String> {
        expect(&self.run(&["mend"])?.0, "the lab could not be mended")
    }

    /// Runs the scripts of `NAME`, `NAME.near` or `healthy/NAME`, and what comes after them.
    pub fn make(&mut self, what: &str, after: Option<&str>) -> Result<(), String> {
        expect(&self.run(&["break", what])?.0, what)?;
        if let Some(host) = after.and_then(|after| after.strip_prefix("reboot ")) {
            self.reboot(host)?;
        }
        self.note_secrets();
        Ok(())
    }

    /// Makes a near miss or a healthy variant, by its id, and waits until it is well.
    pub fn make_well(&mut self, id: &str, after: Option<&str>) -> Result<(), String> {
        self.make(&id.replacen("healthy-", "healthy/", 1), after)?;
        self.wait_healthy()
    }

    /// Shuts a host down and boots it again.
    pub fn reboot(&self, host: &str) -> Result<(), String> {
        expect(&self.run(&["reboot", host])?.0, "the host does not boot again")
    }

    /// Until tunnel, Redis, PostgreSQL and container answer.
    pub fn wait_healthy(&self) -> Result<(), String> {
        expect(&self.run(&["wait"])?.0, "it should be healthy")
    }

    /// What every vantage sees, all at once; a vantage where nothing can be run is an error, unless it is one of
    /// the blind.
    pub fn look(&self, said: &BTreeMap<Vantage, Vec<String>>, blind: &[Vantage]) -> Result<Snapshots, String> {
        let look = |vantage: Vantage| -> Result<Snapshot, String> {
            let mut command = vec!["in", vantage.word(), "/usr/local/bin/clipcheck", "snapshot"];
            if vantage == Vantage::Outside {
                command.extend(["--public", PUBLIC]);
            }
            command.extend(said.get(&vantage).into_iter().flatten().map(String::as_str));
            let mut done = self.run_ahead(&command)?;
            // A worker that ends at once is there for a moment only, and ends what was started in its container.
            for _ in 0..10 {
                if done.ok || vantage != Vantage::Container {
                    break;
                }
                thread::sleep(Duration::from_secs(1));
                done = self.run_ahead(&command)?;
            }
            if !done.ok {
                return Err(format!("clipcheck snapshot on {vantage}: {}", done.err.trim()));
            }
            if let Some(secret) = self.secrets.iter().find(|secret| done.out.contains(secret.as_str())) {
                return Err(format!("the snapshot of the {vantage} holds a secret of {} characters", secret.len()));
            }
            let snapshot = Snapshot::parse(&done.out, vantage.word())?;
            if snapshot.vantage == vantage {
                Ok(snapshot)
            } else {
                Err(format!("the {vantage} takes itself for the {}: {}", snapshot.vantage, snapshot.vantage_by))
            }
        };
        thread::scope(|scope| {
            let looks: Vec<_> = seeing(blind).map(|vantage| (vantage, scope.spawn(move || look(vantage)))).collect();
            looks
                .into_iter()
                .map(|(vantage, look)| Ok((vantage, look.join().map_err(|_| "a look panicked".to_owned())??)))
                .collect()
        })
    }

    /// The lab's keys and passwords, as they are now; those of before stay in the list.
    fn note_secrets(&mut self) {
        const FIND: &str = "cat /etc/wireguard/*.conf /etc/wireguard/*.key /root/*.key /etc/redis/redis.conf \
            /opt/clippyfront/.env /root/run-worker.sh 2>/dev/null | \
            grep -hoE '[A-Za-z0-9+/]{43}=|[0-9a-f]{32}' | sort -u; \
            grep -hE '^[A-Za-z0-9+/]{40,}=*$' /root/delivery/secrets/rsync_key 2>/dev/null";
        const PUBLIC: &str = "wg show all dump | awk 'NF == 5 { print $3 } NF == 9 { print $2 }'; \
            cat /etc/wireguard/*.conf 2>/dev/null | sed -n 's/^ *PublicKey *= *//p'; cat /etc/wireguard/*public* /root/*public* 2>/dev/null; \
            for key in $(cat /etc/wireguard/*.conf 2>/dev/null | sed -n 's/^ *PrivateKey *= *//p'); do echo \"$key\" | wg pubkey; done";
        for host in ["server", "client"] {
            let words = |script| self.inside(host, &["bash", "-c", script]).map(|done| done.out).unwrap_or_default();
            let (all, public) = (words(FIND), words(PUBLIC));
            let secret = all.lines().filter(|word| !public.contains(word)).map(str::to_owned);
            self.secrets.extend(secret);
        }
        self.secrets.sort();
        self.secrets.dedup();
        // A public key of one end is written in the other's file.
        let known = self.secrets.clone();
        let public: String = ["server", "client"]
            .iter()
            .filter_map(|host| Some(self.inside(host, &["bash", "-c", PUBLIC]).ok()?.out))
            .collect();
        self.secrets = known.into_iter().filter(|word| !public.contains(word.as_str())).collect();
    }

    pub fn secrets(&self) -> usize {
        self.secrets.len()
    }
}

fn ahead() -> bool {
    Command::new("chrt").args(["--rr", "1", "true"]).output().is_ok_and(|output| output.status.success())
}

/// All but the blind.
fn seeing(blind: &[Vantage]) -> impl Iterator<Item = Vantage> {
    Vantage::ALL.into_iter().filter(|vantage| !blind.contains(vantage))
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.run(&[if self.raised { "down" } else { "mend" }]);
    }
}

fn expect(done: &Done, what: &str) -> Result<(), String> {
    if done.ok { Ok(()) } else { Err(format!("{what}: {}", done.err.trim().lines().next_back().unwrap_or_default())) }
}

/// The binary that the lab runs.
pub fn binary() -> Result<String, String> {
    let built =
        Command::new(root().join("tests/lab.d/build-static")).output().map_err(|error| error.kind().to_string())?;
    if !built.status.success() {
        return Err(format!("the static binary could not be built: {}", String::from_utf8_lossy(&built.stderr)));
    }
    Ok(String::from_utf8_lossy(&built.stdout).trim().to_owned())
}
