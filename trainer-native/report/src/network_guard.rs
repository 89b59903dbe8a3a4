//! A guard against connections: the process refuses them to itself, whatever code runs in it.
//!
//! No dependency is a client for HTTP or TLS; this holds where one became one unnoticed, or was replaced.
//! On Linux a seccomp filter refuses sockets of all families that lead off the machine, and `io_uring`,
//! which opens sockets past such filters; Landlock refuses to connect or listen over TCP with a socket that
//! was inherited. Neither can be taken back, and children inherit both. Sources: seccomp(2), landlock(7).

use genolewm_core::{Error, ErrorCode, Result};
use std::fmt;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

/// TCP's port of the service that discards everything; hardly any machine has it.
const DISCARD_PORT: u16 = 9;
/// A machine that answers itself at all does so at once.
const PATIENCE: Duration = Duration::from_millis(500);

/// What refuses connections in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkGuard {
    /// seccomp: no socket can be opened but for this machine's own services.
    pub seccomp: bool,
    /// Landlock: no socket that was inherited can be connected over TCP, or listen.
    pub landlock: bool,
}

impl NetworkGuard {
    /// Refuses connections to this process from now on, as far as the system can. The first call decides.
    pub fn raise() -> Self {
        static RAISED: OnceLock<NetworkGuard> = OnceLock::new();
        *RAISED.get_or_init(|| Self {
            landlock: system::refuse_connecting(),
            seccomp: system::refuse_sockets(),
        })
    }
}

impl fmt::Display for NetworkGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.seccomp, self.landlock) {
            (true, true) => "seccomp and Landlock",
            (true, false) => "seccomp",
            (false, true) => "Landlock",
            (false, false) => "nothing: this system has neither seccomp nor Landlock for it",
        })
    }
}

/// Tries to open connections, to this machine itself.
///
/// # Errors
/// `RESOURCE.NETWORK_PROHIBITED` where a guard refuses, as it should.
pub fn try_network() -> Result<()> {
    let address = (Ipv4Addr::LOCALHOST, DISCARD_PORT).into();
    let tcp = TcpStream::connect_timeout(&address, PATIENCE).map(drop);
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop);
    let is_refused = |tried: std::io::Result<()>| {
        tried.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    };
    if is_refused(tcp) && is_refused(udp) {
        return Err(Error::new(
            ErrorCode::ResourceNetworkProhibited,
            "this process may not open connections",
        ));
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod system {
    use landlock::{ABI, Access, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus};
    use seccompiler::{
        BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
        SeccompCondition, SeccompFilter, SeccompRule, apply_filter_all_threads,
    };

    /// Families of sockets that stay on the machine: its own services, and the kernel.
    const INSIDE: [libc::c_int; 2] = [libc::AF_UNIX, libc::AF_NETLINK];

    pub(super) fn refuse_sockets() -> bool {
        let applied = filter().and_then(|filter| apply_filter_all_threads(&filter));
        applied.is_ok()
    }

    fn filter() -> Result<BpfProgram, Error> {
        let other_than = |family: libc::c_int| {
            let family = family.unsigned_abs().into();
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
        };
        let outside = INSIDE.into_iter().map(other_than);
        let outside = SeccompRule::new(outside.collect::<Result<_, BackendError>>()?)?;
        let rules = [
            (libc::SYS_socket, vec![outside]),
            (libc::SYS_io_uring_setup, Vec::new()),
        ];
        let filter = SeccompFilter::new(
            rules.into_iter().collect(),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EACCES.unsigned_abs()),
            std::env::consts::ARCH.try_into()?,
        )?;
        Ok(filter.try_into()?)
    }

    pub(super) fn refuse_connecting() -> bool {
        let restrict = || -> Result<_, RulesetError> {
            let rules = Ruleset::default().handle_access(AccessNet::from_all(ABI::V4))?;
            rules.create()?.restrict_self()
        };
        restrict().is_ok_and(|status| status.ruleset == RulesetStatus::FullyEnforced)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn refuse_sockets() -> bool {
        false
    }

    pub(super) fn refuse_connecting() -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_planted_connection_went_through() {
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = open.local_addr().unwrap();
        TcpStream::connect(address).unwrap();
        assert!(try_network().is_ok());
        // A thread that is there already has to obey as well.
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let planted = std::thread::spawn(move || {
            asked.recv().unwrap();
            TcpStream::connect(address).map(drop)
        });
        let guard = NetworkGuard::raise();
        assert!(guard.seccomp, "this kernel has no seccomp");
        ask.send(()).unwrap();
        let refused = [
            planted.join().unwrap(),
            TcpStream::connect(address).map(drop),
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        ];
        for refused in refused {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
        let code = try_network().unwrap_err().code();
        assert_eq!(code, ErrorCode::ResourceNetworkProhibited);
        UnixStream::pair().unwrap();
        assert_eq!(NetworkGuard::raise(), guard);
    }
}
