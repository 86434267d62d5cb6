//! `install.sh`, into folders of the test's own: for the machine, for one user, twice, and away again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("install-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Runs the script for the whole machine below this root, or for one user whose home this is.
    fn install(&self, args: &[&str]) -> (bool, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
        let mut command = Command::new("sh");
        command.arg(script).args(args).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
        command.env_remove("XDG_RUNTIME_DIR");
        if args.contains(&"--user") {
            command.env("HOME", &self.0).env_remove("DESTDIR")
        } else {
            command.env("DESTDIR", &self.0)
        };
        let ended = command.output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8(said).unwrap())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_hytte");
const UNIT: &str = "etc/systemd/system/hytte.service";

#[test]
fn a_machine_gets_a_binary_a_hardened_service_and_an_empty_folder() {
    let root = Root::new("machine");
    let (ok, said) = root.install(&["--binary", BINARY]);
    assert!(ok && said.contains("init NAME@DOMAIN --data /var/lib/hytte"), "{said}");
    let unit = root.read(UNIT);
    for line in [
        "Type=notify",
        "WatchdogSec=60",
        "User=hytte",
        "StateDirectory=hytte",
        "ProtectSystem=strict",
        "MemoryMax=512M",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "ExecStart=\"/usr/local/bin/hytte\" serve",
        "Environment=\"HYTTE_DATA=/var/lib/hytte\"",
    ] {
        assert!(unit.lines().any(|l| l == line), "{line} in\n{unit}");
    }
    assert_eq!(fs::read_dir(root.0.join("var/lib/hytte")).unwrap().count(), 0);
    verify(&root, &unit);

    fs::write(root.0.join("var/lib/hytte/hytte.db"), "posts").unwrap();
    let (ok, said) = root.install(&["--binary", BINARY]);
    assert!(ok && !said.contains("init"), "a second run upgrades: {said}");
    assert_eq!(root.read("var/lib/hytte/hytte.db"), "posts");

    let (ok, said) = root.install(&["--uninstall"]);
    assert!(ok && said.contains("still in /var/lib/hytte"), "{said}");
    assert!(!root.has(UNIT) && !root.has("usr/local/bin/hytte"));
    assert_eq!(root.read("var/lib/hytte/hytte.db"), "posts");
    assert!(root.install(&["--uninstall"]).0, "twice is no error");
}

/// Where systemd's own checker is there, it must have nothing to say.
fn verify(root: &Root, unit: &str) {
    if Command::new("systemd-analyze").arg("--version").output().is_err() || !Path::new("/lib/systemd/system").is_dir()
    {
        return;
    }
    let path = root.0.join("hytte.service");
    fs::write(&path, unit.replace("/usr/local/bin/hytte", BINARY)).unwrap();
    let ended = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("hytte.service:")).collect();
    assert!(ours.is_empty(), "{said}");
}

#[test]
fn one_user_needs_no_root() {
    let home = Root::new("a home");
    let (ok, said) = home.install(&["--user", "--binary", BINARY]);
    assert!(ok, "{said}");
    let here = home.0.display();
    assert!(home.has(".local/bin/hytte") && home.has(".local/share/hytte"));
    let unit = home.read(".config/systemd/user/hytte.service");
    assert!(unit.contains(&format!("ExecStart=\"{here}/.local/bin/hytte\" serve")), "{unit}");
    assert!(!unit.contains("User=") && unit.contains("NoNewPrivileges=yes"), "{unit}");
    assert!(said.contains("not in your PATH") && said.contains("There is no running systemd"), "{said}");
    let (ok, said) = home.install(&["--user", "--uninstall"]);
    assert!(ok && said.contains(&format!("still in {here}/.local/share/hytte")), "{said}");
    assert!(!home.has(".local/bin/hytte") && home.has(".local/share/hytte"));
}

#[test]
fn a_wrong_binary_or_option_is_refused_before_anything_is_made() {
    let root = Root::new("wrong");
    for args in [&["--binary", "/nowhere/hytte"][..], &["--binary", "/bin/true"], &["--binary"], &["--sideways"]] {
        let (ok, said) = root.install(args);
        assert!(!ok && said.contains("install.sh: "), "{args:?}: {said}");
    }
    assert_eq!(fs::read_dir(&root.0).unwrap().count(), 0);
}
