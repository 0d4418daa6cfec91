//! `sweep plan`: says what a run would do, and does nothing.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::directory::run_directory;
use crate::SweepError;
use crate::args::PlanArguments;
use report::analysis::count;

use crate::axis::{AXES, DefaultValue, written};
use crate::config::{self, Config, Element, GridSpec, Quantity, Rules};
use crate::execution::estimate::{Estimate, estimate};
use crate::execution::level;
use crate::job::plan::Plan;
use crate::job::{Identity, JobId, Tally};
use crate::platform::clock::short_time;
use crate::platform::machine;
use crate::platform::terminal::{answer_columns, fitted, print, say};
use crate::search::sweep::SweepSearch;
use crate::store::{Access, Store, admission};
use crate::workload::Workload;

pub(crate) fn plan(arguments: &PlanArguments) -> Result<ExitCode, SweepError> {
    level::choose()?;
    let config = Arc::new(config::load(&arguments.config.config, &arguments.config.overrides)?);
    let directory = run_directory(&arguments.config, &config);
    let store = Store::open(&directory, Access::ReadOnly)?;
    if let Err(SweepError::Usage(refusal)) = admission::admit(&directory, &config, false) {
        say(&format!("a run would be refused: {refusal}"));
    }
    let workload = Workload::new(&config, store.ids())?;
    let plan = &workload.plan;
    let threads = arguments.jobs.map_or_else(machine::cores, |cores| cores as usize);
    if arguments.list {
        print(&list(plan))?;
    } else {
        let text = match &workload.search {
            Some(search) => describe_search(search, &workload.tally(store.ids()), &config, &directory),
            None => describe(plan, &config, &directory, threads),
        };
        print(&fitted(&text, Some(answer_columns())))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One line per job: id, state, parameters.
fn list(plan: &Plan) -> String {
    let mut left = vec![false; plan.jobs.len()];
    plan.outstanding.iter().for_each(|&i| left[i] = true);
    let mut text = String::new();
    for (job, left) in plan.jobs.iter().zip(left) {
        let _ = writeln!(text, "{} {} {}", job.id, if left { "left" } else { "done" }, job.described(&plan.further));
    }
    text
}

/// The plan in a few lines.
fn describe(plan: &Plan, config: &Config, directory: &Path, threads: usize) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}: {} jobs in {}\n", config.name, plan.jobs.len(), directory.display());
    for (i, (axis, counts)) in AXES.iter().zip(counts(plan)).enumerate() {
        let listed = config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == i && a.listed));
        if counts.len() < 2 && !listed {
            continue;
        }
        let shown: Vec<String> =
            counts.iter().map(|&(value, count)| format!("{} ({count})", axis.written(value))).collect();
        let _ = writeln!(text, "  {:<14} {}", axis.name, abbreviated(&shown));
    }
    let _ = writeln!(text, "  {:<14} {}\n", "replicates", config.replicates);
    let done = plan.jobs.len() - plan.outstanding.len();
    let _ = writeln!(text, "  done {done}, left {}", plan.outstanding.len());
    if plan.outstanding.is_empty() {
        return text;
    }
    let pretrainings = pretrainings(plan, config);
    if pretrainings > 0 {
        let tokens = config.shared.pretraining.max_samples as f64 * f64::from(config.shared.pretraining.t);
        let _ = writeln!(text, "  at most {pretrainings} pretrainings before them, {tokens:.1e} tokens each");
    }
    let cores = threads.min(plan.outstanding.len());
    // In a pool of one thread, since a large job would use all cores.
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let Ok(estimate) = one_core.map(|pool| pool.install(|| estimate(plan, config))) else {
        return text;
    };
    let _ = writeln!(text, "  at most {:.2e} tokens to simulate, if no run ends before its budget", plan.cost_left());
    // Where no task can be drawn, nothing was measured.
    if let Some(Estimate { seconds, how }) = estimate {
        let per_token = seconds * 1e9 / plan.cost_left();
        let time = short_time(Duration::from_secs_f64((seconds / cores as f64).min(1e12)));
        let _ = writeln!(
            text,
            "  at most {time} on {cores} cores, at {per_token:.2} ns per token and core measured \
             just now{how}"
        );
    }
    text
}

/// A search in a few lines: its cells and keys, and bounds of its cost.
fn describe_search(search: &SweepSearch, tally: &Tally, config: &Config, directory: &Path) -> String {
    let mut text = String::new();
    let cells = search.cells();
    let _ = writeln!(text, "{}: search of {} in {}\n", config.name, count(cells.len(), "cell"), directory.display());
    let everywhere = |i: usize| config.grids.iter().all(|grid| grid.searches(i));
    for (i, axis) in AXES.iter().enumerate().filter(|&(i, _)| !everywhere(i)) {
        let given = cells.iter().filter(|cell| !cell.spec.searches(i));
        let mut values: Vec<f64> = given.map(|cell| cell.start.values[i]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let listed = config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == i && a.listed));
        // What follows another key by default is not told of.
        let follows = matches!(axis.default, Some(DefaultValue::Of(_)));
        if listed || (values.len() > 1 && !follows) {
            let shown: Vec<String> = values.iter().map(|&value| axis.written(value)).collect();
            let _ = writeln!(text, "  {:<14} {}", axis.name, abbreviated(&shown));
        }
    }
    // Neighbouring grids that are searched alike are told of once.
    let mut said = Vec::new();
    for (i, grid) in config.grids.iter().enumerate() {
        let keys = described_keys(grid);
        match said.last_mut() {
            Some((_, last, before)) if *before == keys => *last = i + 1,
            _ => said.push((i + 1, i + 1, keys)),
        }
    }
    for (first, last, keys) in &said {
        text += "\n";
        if said.len() > 1 {
            let _ = match first == last {
                true => writeln!(text, "  grid {first}"),
                false => writeln!(text, "  grids {first} to {last}"),
            };
        }
        text += keys;
    }
    let (complete, left) = (tally.complete, tally.cells - tally.complete);
    let _ = writeln!(text, "\n  searched {complete}, left {left}; {} done", count(tally.done, "run"));
    if left == 0 {
        return text;
    }
    let (mut least, mut most) = (0.0, 0.0);
    for cell in cells.iter().filter(|cell| cell.outcome().is_none()) {
        let (lower, upper) = cell.cost_bounds(config.replicates);
        least += lower;
        most += upper;
    }
    let _ = writeln!(text, "  at least {least:.1e} and at most {most:.1e} tokens to simulate");
    let range = |number: fn(&Rules) -> usize| {
        let numbers = || config.grids.iter().filter_map(|grid| Some(number(&grid.search.as_ref()?.rules)));
        match (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0)) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        }
    };
    let _ = writeln!(
        text,
        "  (one step of each run on {} replicates that choose and {} that judge; {} settings with a whole budget \
         each)",
        range(|rules| rules.replicates() as usize),
        config.replicates,
        range(|rules| rules.max_settings)
    );
    text
}

/// The keys that are searched in a grid, a line each.
fn described_keys(grid: &GridSpec) -> String {
    let keys = grid.search.iter().flat_map(|search| &search.keys);
    let lines: Vec<String> = keys
        .map(|key| {
            let (start, factor) = (source_of(&key.start), written(key.factor));
            let (min, max) = (source_of(&key.min), source_of(&key.max));
            format!("  {:<14} from {start} in factors of {factor}, {min} to {max}\n", AXES[key.axis].name)
        })
        .collect();
    if lines.is_empty() { "  nothing is searched\n".to_owned() } else { lines.concat() }
}

/// A number or an expression as it was written.
fn source_of(element: &Element) -> String {
    match &element.value {
        Quantity::Number(number) => written(*number),
        Quantity::Expression(_, text) => text.clone(),
    }
}

/// Runs that V is transferred from to what is left; some may be stored already.
fn pretrainings(plan: &Plan, config: &Config) -> usize {
    let identity = Identity::new(config);
    let jobs = plan.outstanding.iter().map(|&i| &plan.jobs[i]).filter(|job| job.point.transfers());
    jobs.map(|job| identity.pretraining_id(job)).collect::<HashSet<JobId>>().len()
}

/// For each axis, how many jobs have which value, in the order of the values.
fn counts(plan: &Plan) -> Vec<Vec<(f64, usize)>> {
    let mut counts = vec![HashMap::new(); AXES.len()];
    let mut add = |axis: usize, value: f64, jobs: usize| {
        *counts[axis].entry(value.to_bits()).or_insert(0) += jobs;
    };
    // Neighbours in a grid mostly have the same value, so rows of equal values are counted
    // together.
    let mut runs = [(f64::NAN, 0); AXES.len()];
    for job in &plan.jobs {
        for (axis, (run, &value)) in runs.iter_mut().zip(&job.point.values).enumerate() {
            if run.0 != value {
                if run.1 > 0 {
                    add(axis, run.0, run.1);
                }
                *run = (value, 0);
            }
            run.1 += 1;
        }
    }
    runs.into_iter().enumerate().filter(|(_, run)| run.1 > 0).for_each(|(axis, run)| add(axis, run.0, run.1));
    let in_order = |counts: HashMap<u64, usize>| {
        let mut counts: Vec<(f64, usize)> = counts.into_iter().map(|(bits, n)| (f64::from_bits(bits), n)).collect();
        counts.sort_by(|a, b| a.0.total_cmp(&b.0));
        counts
    };
    counts.into_iter().map(in_order).collect()
}

/// At most eight items.
fn abbreviated(items: &[String]) -> String {
    if items.len() <= 8 {
        return items.join(", ");
    }
    let ends = [&items[..5], &["..".to_owned()], &items[items.len() - 2..]].concat();
    format!("{}; {} values", ends.join(", "), items.len())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::axis;
    use crate::config::parse;
    use crate::execution::estimate::tests::plans_of_runs_that_end_at_once;
    use crate::job::plan::tests::with_two_done;
    use crate::job::{DoneJobs, jobs};

    #[test]
    fn a_plan_lists_what_is_done_and_what_is_left() {
        let plan = with_two_done();
        assert_eq!(list(&plan).lines().filter(|l| l.contains(" done ")).count(), 2);
    }

    #[test]
    fn values_are_counted_in_their_order() {
        let text =
            "replicates = 2\n[grid]\nN = 3\nQ = 1\nT = [64, 32]\ninit_alpha_a = [1e-9, 0, -1, 0.1, -1e-3]".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let plan = Plan::new(&config, jobs(&config).unwrap(), &DoneJobs::default());
        let counts = counts(&plan);
        assert_eq!(counts[axis::T], [(32.0, 10), (64.0, 10)]);
        assert_eq!(counts[axis::INIT_ALPHA_A], [(-1.0, 4), (-1e-3, 4), (0.0, 4), (1e-9, 4), (0.1, 4)]);
    }

    #[test]
    fn runs_that_end_at_once_are_described_without_a_time() {
        for (config, plan, _) in plans_of_runs_that_end_at_once() {
            let text = describe(&plan, &config, Path::new("somewhere"), 1);
            assert!(text.contains("done 0, left 1"), "{text}");
        }
    }

    #[test]
    fn an_estimate_ends_in_time_and_says_what_it_knows() {
        let text = "replicates = 1\n[grid]\nN = { lin = [2, 201], points = 200 }\nQ = 1\nT = { geom = [4, 1048576], points = 19 }\n\
                    batch_size = 64\nalgorithm = [\"prox\", \"sgd\"]\n".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let plan = Plan::new(&config, jobs(&config).unwrap(), &DoneJobs::default());
        let start = Instant::now();
        let text = describe(&plan, &config, Path::new("somewhere"), 1);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(text.contains("on smaller steps, for ") && text.contains(" of 7600 kinds of jobs"), "{text}");
    }
}
