//! How far the shards of a sweep are.

use crate::job::plan::Plan;
use crate::job::shard::Shard;
use crate::platform::clock::short_time;
use crate::store::Store;
use crate::store::heartbeat::{Seen, State};

/// Into how many shards the sweep was split the last time.
pub(super) fn newest_split(owners: &[Seen]) -> Option<u32> {
    let with_shards = owners.iter().filter(|seen| seen.owner.shard.is_some());
    with_shards.max_by_key(|seen| seen.owner.started).and_then(|seen| Some(seen.owner.shard?.of()))
}

/// Every shard, how many jobs it has, and how many of them are left.
pub(super) fn shards(plan: &Plan, store: &Store, of: u32) -> Vec<(Shard, usize, usize)> {
    let mut counts = vec![(0, 0); of as usize];
    for (job, shard) in plan.jobs.iter().zip(Shard::assign(&plan.jobs, of)) {
        let (jobs, left) = &mut counts[shard as usize - 1];
        *jobs += 1;
        *left += usize::from(!store.ids().contains(job.id));
    }
    let named = (1..=of).zip(counts).filter_map(|(index, (jobs, left))| Some((Shard::new(index, of)?, jobs, left)));
    named.collect()
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
