//! `sweep merge`: the union of run directories.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::directory::{refuse_another_sweep, while_others_work};
use super::outcome::{exit_code, print_answer};
use report::analysis::Milestone;

use crate::SweepError;
use crate::args::Merge;
use crate::axis::{self, AXES};
use crate::config::diagnostic::Diagnostic;
use crate::config::{self, Config, Element, GridSpec, Quantity, SearchKey, SearchSpec, Shared, resolved};
use crate::store::heartbeat::{self, Owner};
use crate::store::lock::Lease;
use crate::store::{Access, Store, admission, layout, merge};
use crate::workload::Expanded;

pub(crate) fn merge(arguments: &Merge) -> Result<ExitCode, SweepError> {
    let Merge { directories, output, force } = arguments;
    // All mistakes are found before anything is written.
    let mut sources = directories.clone();
    let known = output.join(layout::CONFIG).exists() && admission::is_run_directory(output)?;
    if known && !sources.contains(output) {
        sources.push(output.clone());
    }
    let (config, one_grid) = union(&sources)?;
    let config = resolved::read_back(&config, &output.join(layout::CONFIG))?;
    admission::admit(output, &config, *force)?;
    let config = Arc::new(config);
    let expanded = Expanded::new(&config)?;
    let stored = while_others_work(|| Store::union(&sources))?;

    if *force {
        admission::clear_lock(output)?;
    }
    let lease = Lease::take_after(output, None, || {
        refuse_another_sweep(output, &config)?;
        if *force {
            admission::rename_in_the_way(output)?;
        }
        Store::of(output).prepare(&config)
    })?;
    let _store = Store::open(output, Access::Alone)?;
    let mut first = Some(stored);
    while_others_work(|| {
        let stored = first.take().map_or_else(|| Store::union(&sources), Ok)?;
        stored.parts().iter().try_for_each(|part| merge::copy_part(output, part))
    })?;
    directories
        .iter()
        .filter(|d| *d != output)
        .try_for_each(|directory| merge::copy_pretrainings(output, directory))?;
    for seen in directories.iter().filter(|directory| *directory != output).flat_map(|d| heartbeat::read_all(d)) {
        // The heartbeats of shards are kept, so that missing shards can be named. If the grids
        // differ, so do the shares of the shards.
        if seen.owner.shard.is_some() && one_grid {
            let stopped = seen.owner.stopped();
            heartbeat::write(output, &Owner { updated: seen.owner.updated, ..stopped })?;
        }
    }
    let store = Store::open(output, Access::ReadOnly)?;
    let workload = expanded.workload(&config, store.ids(), None, false);
    let merged = (config, workload, store);
    print_answer(output, &merged, None, Milestone::Recovery)?;
    lease.finish();
    Ok(exit_code(merged.1.tally(merged.2.ids())))
}

/// The union of these sweeps, and whether they have the same grids. They may differ in their grids
/// only; the union has the grids of all.
fn union(directories: &[PathBuf]) -> Result<(Config, bool), SweepError> {
    let help = "give run directories, such as output/sample_complexity";
    let sweeps =
        directories.iter().map(|directory| admission::sweep_of(directory, help)).collect::<Result<Vec<_>, _>>()?;
    let listed = listed(&sweeps);
    let Some((mut whole, others)) = sweeps.split_first().map(|(first, others)| (first.clone(), others)) else {
        return Err(Diagnostic::new("there is nothing to merge").into());
    };
    let mut one_grid = true;
    for (sweep, directory) in others.iter().zip(&directories[1..]) {
        if let Some(key) = difference(&whole, sweep, &listed) {
            let (first, directory) = (directories[0].display(), directory.display());
            return Err(Diagnostic::new(format!("{first} and {directory} hold different sweeps: `{key}` differs"))
                .help(format!(
                    "compare their {}; only sweeps that differ in nothing but their grids can be \
                     merged",
                    layout::CONFIG
                ))
                .into());
        }
        let first = &sweeps[0].grids;
        one_grid &= first.len() == sweep.grids.len() && first.iter().zip(&sweep.grids).all(|(a, b)| same_grid(a, b));
        let before = whole.grids.len();
        for grid in &sweep.grids {
            if !whole.grids.iter().any(|known| same_grid(known, grid)) {
                whole.grids.push(grid.clone());
            }
        }
        // The limit of the union is the sum of their limits.
        whole.max_jobs = if whole.grids.len() > before {
            whole.max_jobs.saturating_add(sweep.max_jobs).min(config::LARGEST_MAX_JOBS as u64)
        } else {
            whole.max_jobs.max(sweep.max_jobs)
        };
    }
    for spec in whole.grids.iter_mut().flat_map(|grid| &mut grid.axes) {
        spec.listed |= listed[spec.axis];
    }
    Ok((whole, one_grid))
}

/// Which axes the grids of the union list, by their indices. If one grid lists an axis, all do, and
/// they list the axes in its expressions too.
fn listed(sweeps: &[Config]) -> [bool; AXES.len()] {
    let specs = || sweeps.iter().flat_map(|sweep| &sweep.grids).flat_map(|grid| &grid.axes);
    let mut listed = [false; AXES.len()];
    specs().filter(|spec| spec.listed).for_each(|spec| listed[spec.axis] = true);
    loop {
        let elements = specs().filter(|spec| listed[spec.axis]).flat_map(|spec| &spec.elements);
        let used = elements.flat_map(|element| match &element.value {
            Quantity::Expression(expression, _) => expression.names(),
            Quantity::Number(_) => Vec::new(),
        });
        let used: Vec<usize> = used.filter_map(axis::index).filter(|&i| !listed[i]).collect();
        if used.is_empty() {
            return listed;
        }
        used.into_iter().for_each(|i| listed[i] = true);
    }
}

/// A key in which two sweeps differ, except for their names, titles, limits and grids.
fn difference(a: &Config, b: &Config, listed: &[bool; AXES.len()]) -> Option<String> {
    // Every field is named, so that this does not compile when a setting is added and not compared.
    let Config { name: _, title: _, max_jobs: _, grids: _, seed, replicates, shared, trace, quantile, claim } = a;
    let Shared { weights, matrix, stop_at, signal, resolution, boost_end, sparse_end, pretraining } = shared;
    let agree = [
        ("seed", *seed == b.seed),
        ("replicates", *replicates == b.replicates),
        ("task.weights", *weights == b.shared.weights),
        ("task.matrix", *matrix == b.shared.matrix),
        ("training.stop_at", *stop_at == b.shared.stop_at),
        ("training.signal", *signal == b.shared.signal),
        ("training.resolution", *resolution == b.shared.resolution),
        ("training.boost", *boost_end == b.shared.boost_end),
        ("training.sparse", *sparse_end == b.shared.sparse_end),
        ("pretraining", *pretraining == b.shared.pretraining),
        ("trace.enabled", *trace == b.trace),
        ("answer.quantile", *quantile == b.quantile),
        ("answer.claim", *claim == b.claim),
        ("search", same_searches(a, b)),
    ];
    if let Some((key, _)) = agree.iter().find(|(_, agree)| !agree) {
        return Some((*key).to_owned());
    }
    // An axis that no grid lists has one value in all grids of a sweep.
    let of = |sweep: &Config, i: usize| sweep.grids.first().map(|grid| elements(grid, i).to_vec()).unwrap_or_default();
    let differs = |i: &usize| !listed[*i] && !same_elements(&of(a, *i), &of(b, *i));
    let (i, section) = (0..AXES.len()).filter_map(|i| Some((i, AXES[i].section?))).find(|(i, _)| differs(i))?;
    Some(format!("{section}.{}", AXES[i].name))
}

/// Whether two sweeps search alike: every search of a grid of one is that of some grid of the other.
fn same_searches(a: &Config, b: &Config) -> bool {
    let known = |grid: &GridSpec, other: &Config| {
        other.grids.iter().any(|there| same_search(grid.search.as_ref(), there.search.as_ref()))
    };
    a.grids.iter().all(|grid| known(grid, b)) && b.grids.iter().all(|grid| known(grid, a))
}

/// Whether two grids are searched alike.
fn same_search(a: Option<&SearchSpec>, b: Option<&SearchSpec>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let same_key = |(a, b): (&SearchKey, &SearchKey)| {
        let SearchKey { axis, start, factor, min, max } = a;
        let same = |a: &Element, b: &Element| same_elements(std::slice::from_ref(a), std::slice::from_ref(b));
        (*axis, *factor) == (b.axis, b.factor) && same(start, &b.start) && same(min, &b.min) && same(max, &b.max)
    };
    let SearchSpec { milestone, rules, inherit, keys } = a;
    (milestone, rules, inherit, keys.len()) == (&b.milestone, &b.rules, &b.inherit, b.keys.len())
        && keys.iter().zip(&b.keys).all(same_key)
}

/// Whether two grids have the same points in the same order: the same numbers and expressions.
/// Where an axis of one value was written does not count.
fn same_grid(a: &GridSpec, b: &GridSpec) -> bool {
    let varying = |grid: &GridSpec| -> Vec<usize> {
        grid.axes.iter().filter(|spec| spec.elements.len() > 1).map(|spec| spec.axis).collect()
    };
    let zips = |grid: &GridSpec| -> BTreeSet<BTreeSet<usize>> {
        grid.zips.iter().map(|zip| zip.iter().map(|&position| grid.axes[position].axis).collect()).collect()
    };
    let conditions = |grid: &GridSpec| grid.conditions.iter().map(|c| c.expression.clone()).collect::<Vec<_>>();
    (0..AXES.len()).all(|i| same_elements(elements(a, i), elements(b, i)))
        && varying(a) == varying(b)
        && zips(a) == zips(b)
        && conditions(a) == conditions(b)
        && same_search(a.search.as_ref(), b.search.as_ref())
}

/// The values of an axis in a grid.
fn elements(grid: &GridSpec, axis: usize) -> &[Element] {
    grid.axes.iter().find(|spec| spec.axis == axis).map_or(&[], |spec| &spec.elements)
}

/// Whether two axes have the same values, wherever they were written.
fn same_elements(a: &[Element], b: &[Element]) -> bool {
    let same = |(a, b): (&Element, &Element)| match (&a.value, &b.value) {
        (Quantity::Number(a), Quantity::Number(b)) => a.to_bits() == b.to_bits(),
        (Quantity::Expression(a, _), Quantity::Expression(b, _)) => a == b,
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}
