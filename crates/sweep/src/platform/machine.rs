//! The machine that this process runs on.

/// Name of this machine; `unknown` where the system does not say.
#[must_use]
pub fn host() -> String {
    sysinfo::System::host_name().unwrap_or_else(|_| "unknown".to_owned())
}

/// Cores this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}
