//! On Windows: runs the script that also makes recordings, so that both see the same and are read by one reader. Nothing
//! here is compiled for Windows alone: where there is no PowerShell, that is what is said.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{PROGRAM, host};
use crate::fact::Unseen;
use crate::fact::dial::{EchoSocket, PingOutcome};
use crate::fact::service::UnitState;
use crate::read::windows::Recording;

const SCRIPT: &str = include_str!("windows.ps1");

/// One part of what the script sees: `service`, `adapters`, `routes`.
pub(super) async fn part(only: &str) -> Result<Recording, Unseen> {
    script(&format!("-Only {only}")).await
}

async fn script(flags: &str) -> Result<Recording, Unseen> {
    let command = encoded(&format!("& {{\n{SCRIPT}\n}} {flags}"));
    let args = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand", &command];
    let said = host::run("powershell", &args, PROGRAM).await?;
    Recording::parse(&said.out, "windows.ps1").map_err(Unseen::Unreadable)
}

/// The tunnel's service.
pub(super) async fn unit(tunnel: &str) -> Result<UnitState, Unseen> {
    let seen = part("service").await?;
    seen.unit(tunnel).ok_or_else(|| Unseen::NoTool("PowerShell did not list the services".to_owned()))
}

/// An echo, by .NET: Windows lets no program have an ICMP socket that is not an administrator's.
pub(super) async fn echo(to: IpAddr) -> Result<PingOutcome, Unseen> {
    let seen = script(&format!("-Only echo -Server {to}")).await?;
    let how = seen.pings.into_iter().find(|(asked, _)| *asked == to).map(|(_, how)| how);
    let how = how.ok_or_else(|| Unseen::NoTool("PowerShell did not return the result of the ping".to_owned()))?;
    Ok(PingOutcome { to, how, socket: EchoSocket::Windows })
}

/// As PowerShell takes a script without quoting it: the base64 of its UTF-16 (about_PowerShell_exe, -EncodedCommand).
fn encoded(command: &str) -> String {
    let bytes: Vec<u8> = command.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_fits_into_a_command_line() {
        assert_eq!(encoded("dir"), "ZABpAHIA");
        // CreateProcess takes 32767 characters.
        assert!(encoded(SCRIPT).len() < 30_000, "{}", encoded(SCRIPT).len());
        assert!(SCRIPT.is_ascii(), "PowerShell 5 reads a file without a mark in the machine's own code page");
    }

    #[test]
    fn where_there_is_no_powershell_it_says_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let seen = runtime.block_on(part("service"));
        let expected = Unseen::NotInstalled("powershell".to_owned());
        assert!(cfg!(windows) || seen == Err(expected), "{seen:?}");
    }
}
