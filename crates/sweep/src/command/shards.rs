//! How far the shards of a sweep are.

use crate::job::shard::Shard;
use crate::platform::clock::short_time;
use crate::store::heartbeat::{Seen, State};

/// Into how many shards the sweep was split the last time.
pub(super) fn newest_split(owners: &[Seen]) -> Option<u32> {
    let with_shards = owners.iter().filter(|seen| seen.owner.shard.is_some());
    with_shards.max_by_key(|seen| seen.owner.started).and_then(|seen| Some(seen.owner.shard?.of()))
}

pub(super) fn state_of(shard: Shard, owners: &[Seen]) -> String {
    match owners.iter().find(|seen| seen.owner.shard == Some(shard)) {
        None => "never started".to_owned(),
        Some(seen) => state_text(seen),
    }
}

pub(super) fn state_text(seen: &Seen) -> String {
    let Seen { owner, age, .. } = seen;
    let (host, pid, ago) = (&owner.host, owner.pid, short_time(*age));
    match owner.state {
        State::Finished => format!("finished on {host} {ago} ago"),
        State::Stopped => format!("stopped on {host} {ago} ago"),
        State::Running if seen.alive() => {
            format!("running on {host} (process {pid}), {} at once, last sign of life {ago} ago", owner.tally.running)
        }
        State::Running => format!("gone: no sign of life from {host} (process {pid}) for {ago}"),
    }
}
