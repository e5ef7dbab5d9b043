//! What is mounted where, as `/proc/self/mountinfo` tells it (proc(5)).

/// What Docker and Podman lay over files of every container that they start, and nothing else does.
const LAID_OVER: [&str; 3] = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

/// Whether a file of the system itself is one of a container engine's own.
pub fn is_engines(text: &str) -> bool {
    text.lines().filter_map(|line| line.split(' ').nth(4)).any(|point| LAID_OVER.contains(&point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_files_are_mounts_of_their_own() {
        let root = "618 617 0:39 / / rw,relatime - overlay overlay rw,lowerdir=/etc/hosts\n";
        let hosts = "633 618 254:0 /docker/containers/5f/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw\n";
        assert!(is_engines(&format!("{root}{hosts}")));
        assert!(!is_engines(root) && !is_engines(""));
    }
}
