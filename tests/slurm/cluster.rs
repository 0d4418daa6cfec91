//! A Slurm cluster on one machine: munged, a controller and some nodes, all on loopback, in a
//! directory of its own.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process, as `/proc` shows it.
pub(crate) struct Process {
    pid: u32,
    parent: u32,
    /// Its words.
    pub(crate) command: Vec<String>,
    environment: Vec<String>,
}

/// All processes whose environment may be read.
pub(crate) fn processes() -> Vec<Process> {
    let words = |path: PathBuf| -> Option<Vec<String>> {
        let bytes = fs::read(path).ok()?;
        Some(bytes.split(|&b| b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    };
    let found = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let place = entry.ok()?.path();
        let pid = place.file_name()?.to_str()?.parse().ok()?;
        // After the name in brackets: state, parent.
        let stat = fs::read_to_string(place.join("stat")).ok()?;
        let mut after = stat.rsplit(')').next()?.split_whitespace();
        let (state, parent) = (after.next()?, after.next()?.parse().ok()?);
        let process =
            Process { pid, parent, command: words(place.join("cmdline"))?, environment: words(place.join("environ"))? };
        (state != "Z").then_some(process)
    });
    found.collect()
}

/// Waits until `condition` holds, looking ten times a second.
pub(crate) fn wait_for(patience: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < patience, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Slurm's programs do not lie on everybody's path.
fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

fn run(program: &str, words: &[&str]) -> std::io::Result<std::process::Output> {
    Command::new(program).args(words).env("PATH", path()).output()
}

/// A running cluster; it ends with the value.
pub(crate) struct Cluster {
    root: tempfile::TempDir,
    munged: Child,
    controller: Child,
    nodes: Vec<(String, Child)>,
}

impl Cluster {
    /// Whether everything it needs is there.
    pub(crate) fn installed() -> bool {
        let programs = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo"];
        programs.iter().all(|program| run(program, &["-V"]).is_ok())
    }

    /// Starts one with nodes n1, n2, .. of `cores` cores each.
    pub(crate) fn start(nodes: usize, cores: usize) -> Self {
        let root = tempfile::Builder::new().prefix("slurm-").tempdir().unwrap();
        let place = root.path();
        for name in ["munge", "state", "log"] {
            fs::create_dir(place.join(name)).unwrap();
        }
        // munged wants its directories closed to others' writing, and open to their passing.
        for name in ["", "munge"] {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(place.join(name), open).unwrap();
        }
        let key: Vec<u8> = (0..128u32).map(|i| (i * 37 % 251) as u8 ^ std::process::id() as u8).collect();
        fs::write(place.join("munge/key"), key).unwrap();
        fs::set_permissions(place.join("munge/key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let config = place.join("slurm.conf");
        fs::write(&config, configuration(place, nodes, cores)).unwrap();

        let file = |option: &str, name: &str| format!("--{option}={}", place.join("munge").join(name).display());
        let munge = ["key-file", "socket", "pid-file", "log-file", "seed-file"];
        let munge: Vec<String> = munge
            .iter()
            .zip(["key", "socket", "pid", "log", "seed"])
            .map(|(option, name)| file(option, name))
            .collect();
        let munged = daemon(place, "munged", munge.iter().map(String::as_str).chain(["--foreground"]));
        let socket = place.join("munge/socket");
        wait_for(Duration::from_secs(20), "munged", || {
            run("munge", &["-S", &socket.display().to_string(), "-n"]).is_ok_and(|output| output.status.success())
        });
        let conf = config.display().to_string();
        let controller = daemon(place, "slurmctld", ["-D", "-f", &conf]);
        let mut cluster = Self { munged, controller, nodes: Vec::new(), root };
        wait_for(Duration::from_secs(30), "slurmctld", || cluster.ask("scontrol", &["ping"]).contains("UP"));
        for node in 1..=nodes {
            let name = format!("n{node}");
            fs::create_dir(cluster.root.path().join(&name)).unwrap();
            let child = daemon(cluster.root.path(), "slurmd", ["-D", "-N", &name, "-f", &conf]);
            cluster.nodes.push((name, child));
        }
        wait_for(Duration::from_secs(60), "idle nodes", || {
            cluster.ask("sinfo", &["--noheader", "--Node", "--states=idle"]).lines().count() == nodes
        });
        cluster
    }

    /// The configuration that Slurm's commands find by `SLURM_CONF`.
    pub(crate) fn config(&self) -> PathBuf {
        self.root.path().join("slurm.conf")
    }

    /// What one of Slurm's commands prints.
    pub(crate) fn ask(&self, program: &str, words: &[&str]) -> String {
        let command = Command::new(program).args(words).env("PATH", path()).env("SLURM_CONF", self.config()).output();
        String::from_utf8_lossy(&command.unwrap().stdout).into_owned()
    }

    /// Kills a node's slurmd at once; its tasks go on.
    pub(crate) fn kill_slurmd(&mut self, name: &str) {
        let (_, child) = self.nodes.iter_mut().find(|(node, _)| node == name).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills a node with everything on it, as a power cut would.
    pub(crate) fn kill_node(&mut self, name: &str) {
        self.kill_slurmd(name);
        self.signal_tasks(name, "KILL");
    }

    /// Sends a signal to the tasks of a node, those that watch over them first if it is to kill.
    pub(crate) fn signal_tasks(&self, node: &str, name: &str) {
        let there = format!("SLURMD_NODENAME={node}");
        let all = processes();
        for task in self.tasks(&all).filter(|task| task.environment.contains(&there)) {
            let watcher = all.iter().find(|p| p.pid == task.parent && p.command[0].contains("slurmstepd"));
            watcher.filter(|_| name == "KILL").into_iter().for_each(|watcher| signal(watcher.pid, name));
            signal(task.pid, name);
        }
    }

    /// The processes that this cluster runs for its users.
    fn tasks<'p>(&self, all: &'p [Process]) -> impl Iterator<Item = &'p Process> {
        let ours = format!("SLURM_CONF={}", self.config().display());
        let of_a_job = |p: &Process| p.environment.iter().any(|line| line.starts_with("SLURM_JOB_ID="));
        all.iter().filter(move |p| p.environment.contains(&ours) && of_a_job(p))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for log in ["slurmctld", "slurmd", "munged"] {
                let text = fs::read_to_string(self.root.path().join("log").join(log)).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                eprintln!("-- {log}\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
            }
            eprintln!("-- squeue\n{}", self.ask("squeue", &["--array", "--long"]));
        }
        for (_, child) in &mut self.nodes {
            let _ = child.kill();
            let _ = child.wait();
        }
        for task in self.tasks(&processes()) {
            signal(task.pid, "KILL");
        }
        for child in [&mut self.controller, &mut self.munged] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process that a cluster of ours has started.
fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args([format!("-{name}"), pid.to_string()]).stderr(Stdio::null()).status();
}

fn daemon<'w>(place: &Path, program: &str, words: impl IntoIterator<Item = &'w str>) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(place.join("log").join(program)).unwrap();
    let mut command = Command::new(program);
    command.args(words).env("PATH", path()).current_dir(place).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// Ports that nobody listens on, next to each other.
fn free_ports(count: u16) -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let start = 20_000 + (std::process::id() % 10_000) as u16;
    (start..60_000).find(|&port| (port..port + count).all(free)).unwrap()
}

fn configuration(place: &Path, nodes: usize, cores: usize) -> String {
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let host = text(run("hostname", &["-s"]).unwrap());
    let user = text(run("id", &["-un"]).unwrap());
    let place = place.display();
    let port = free_ports(nodes as u16 + 2);
    let (first, last) = (port + 2, port + 1 + nodes as u16);
    // Timeouts of seconds: a dead node is noticed at once, and a requeued task starts again when
    // its credential (5 s) has expired.
    format!(
        "\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={place}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={port}
SlurmdPort={slurmd}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
JobRequeue=1
SlurmctldTimeout=5
SlurmdTimeout=4
MessageTimeout=3
KillWait=2
InactiveLimit=0
MinJobAge=300
MaxArraySize=1001
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs={cores} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
",
        slurmd = port + 1,
    )
}
