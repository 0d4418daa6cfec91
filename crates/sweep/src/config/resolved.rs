//! The config with overrides applied and every default written out, as `config.toml` of the run
//! directory. Reading it back gives the same jobs.

use std::path::Path;

use report::claim::Claim;
use scb_core::Weights;
use scb_core::train::{StageEnd, StopAt};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::axis::{self, AXES, Axis, DRAWS_P, Domain};
use crate::config::diagnostic::Diagnostic;
use crate::config::expression::renamed;
use crate::config::{self, AxisSpec, Config, Element, GridSpec, Pretraining, Quantity, SearchKey, SearchSpec};
use crate::platform::files::{MAX_TEXT_BYTES, read_text};

/// How a resolved config begins.
pub const HEADER: &str = "# The resolved config of this run directory: overrides applied, every default written out.";

/// The resolved config as TOML.
///
/// # Errors
/// When it cannot be said in TOML, which would be a mistake of this program's.
pub fn to_toml(config: &Config) -> Result<String, toml::ser::Error> {
    let common = common_search(config);
    let resolved = Resolved {
        name: &config.name,
        title: config.title.as_deref(),
        seed: config.seed,
        replicates: config.replicates,
        max_jobs: config.max_jobs,
        answer: Answer { quantile: config.quantile, claim: config.claim.map_or("none", Claim::name) },
        trace: Trace { enabled: config.trace },
        task: section(config, "task"),
        init: section(config, "init"),
        pretraining: config.shared.pretraining,
        training: section(config, "training"),
        search: common.map(ResolvedSearch),
        grid: config
            .grids
            .iter()
            .map(|grid| ResolvedGrid { grid, config, search: grid.search.as_ref().filter(|_| common.is_none()) })
            .collect(),
    };
    let body = toml::to_string(&resolved)?;
    Ok(format!("{HEADER}\n\n{body}"))
}

/// A config as it comes back from the `config.toml` that it is written to at `path`.
///
/// # Errors
/// When it does not come back: nothing may be written then.
pub fn read_back(config: &Config, path: &Path) -> Result<Config, Diagnostic> {
    let text = to_toml(config).map_err(|error| Diagnostic::new(format!("cannot write this sweep down: {error}")))?;
    if text.len() as u64 > MAX_TEXT_BYTES {
        let max_mb = MAX_TEXT_BYTES >> 20;
        return Err(Diagnostic::new(format!("the config of this sweep has more than {max_mb} MB"))
            .help("write long lists of values as ranges or expressions, or make several sweeps"));
    }
    config::parse(&config.name, &path.display().to_string(), text, &[])
}

/// Whether the config at `path` is this one, however it is written.
#[must_use]
pub fn is_at(path: &Path, config: &Config) -> bool {
    let Ok(text) = to_toml(config) else { return false };
    // Mostly the text is the same, and need not be parsed.
    read_text(path).is_ok_and(|there| there == text)
        || config::load(path, &[]).is_ok_and(|there| to_toml(&there).is_ok_and(|there| there == text))
}

#[derive(Serialize)]
struct Resolved<'c> {
    name: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'c str>,
    seed: u64,
    replicates: u32,
    max_jobs: u64,
    answer: Answer,
    trace: Trace,
    task: ResolvedSection<'c>,
    init: ResolvedSection<'c>,
    pretraining: Pretraining,
    training: ResolvedSection<'c>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<ResolvedSearch<'c>>,
    grid: Vec<ResolvedGrid<'c>>,
}

#[derive(Serialize)]
struct Answer {
    quantile: f64,
    claim: &'static str,
}

#[derive(Serialize)]
struct Trace {
    enabled: bool,
}

/// Whether any grid names an axis.
fn listed(config: &Config, axis: usize) -> bool {
    config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == axis && a.listed))
}

/// The search of all grids, if they have one search.
fn common_search(config: &Config) -> Option<&SearchSpec> {
    let text = |search: &SearchSpec| toml::to_string(&ResolvedSearch(search)).ok();
    let mut searches = config.grids.iter().map(|grid| grid.search.as_ref());
    let first = searches.next()??;
    (!first.keys.is_empty() && searches.all(|search| search.is_some_and(|search| text(search) == text(first))))
        .then_some(first)
}

/// A section: the values of its axes that the grids leave to it, then its own settings.
struct ResolvedSection<'c> {
    name: &'static str,
    axes: Vec<&'c AxisSpec>,
    config: &'c Config,
}

fn section<'c>(config: &'c Config, name: &'static str) -> ResolvedSection<'c> {
    // An axis that one grid lists is in all grids: a key is in the grids or in its section, not in
    // both.
    let spec = |i: usize| config.grids.first().and_then(|g| g.axes.iter().find(|a| a.axis == i));
    // With a given matrix the keys that say how to draw it are an error.
    let meant = |i: usize| config.shared.matrix.is_none() || !DRAWS_P.contains(&i);
    let own = |&i: &usize| AXES[i].section == Some(name) && !listed(config, i) && !config.searches(i) && meant(i);
    let axes = (0..AXES.len()).filter(own).filter_map(spec).collect();
    ResolvedSection { name, axes, config }
}

impl Serialize for ResolvedSection<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for spec in &self.axes {
            map.serialize_entry(AXES[spec.axis].name, &Written(&AXES[spec.axis], &spec.elements[0]))?;
        }
        let shared = &self.config.shared;
        match self.name {
            "task" => {
                match shared.weights {
                    Weights::Equal => map.serialize_entry("weights", "equal")?,
                    Weights::Dirichlet(c) => {
                        map.serialize_entry("weights", &std::collections::BTreeMap::from([("dirichlet", c)]))?;
                    }
                }
                if let Some(matrix) = &shared.matrix {
                    let rows: Vec<Vec<f64>> = matrix.rows().into_iter().map(|r| r.to_vec()).collect();
                    map.serialize_entry("matrix", &rows)?;
                }
            }
            "training" => {
                let stop_at = if shared.stop_at == StopAt::Budget { "budget" } else { "recovery" };
                map.serialize_entry("stop_at", stop_at)?;
                map.serialize_entry("signal", &shared.signal)?;
                map.serialize_entry("resolution", &shared.resolution)?;
                map.serialize_entry("boost", &ResolvedEnd::from(shared.boost_end))?;
                map.serialize_entry("sparse", &ResolvedEnd::from(shared.sparse_end))?;
            }
            _ => {}
        }
        map.end()
    }
}

#[derive(Serialize)]
struct ResolvedEnd {
    end_steps: OrNever<u64>,
    end_share: OrNever<f64>,
    end_alpha: OrNever<f64>,
    end_kept_mass: OrNever<f64>,
    end_clear_mass: OrNever<f64>,
}

/// A condition, or `false` for never.
struct OrNever<T>(Option<T>);

impl<T: Serialize> Serialize for OrNever<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_bool(false),
        }
    }
}

impl From<StageEnd> for ResolvedEnd {
    fn from(end: StageEnd) -> Self {
        Self {
            end_steps: OrNever(end.steps),
            end_share: OrNever(end.share),
            end_alpha: OrNever(end.alpha),
            end_kept_mass: OrNever(end.kept_mass),
            end_clear_mass: OrNever(end.clear_mass),
        }
    }
}

struct ResolvedSearch<'c>(&'c SearchSpec);

impl Serialize for ResolvedSearch<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SearchSpec { milestone, rules, inherit, keys } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("milestone", milestone.name())?;
        map.serialize_entry("rungs", &rules.rungs)?;
        map.serialize_entry("confidence", &rules.confidence)?;
        map.serialize_entry("margin", &rules.margin)?;
        map.serialize_entry("horizon", &rules.horizon)?;
        map.serialize_entry("max_settings", &rules.max_settings)?;
        map.serialize_entry("inherit", inherit)?;
        for key in keys {
            map.serialize_entry(AXES[key.axis].name, &ResolvedKey(key))?;
        }
        map.end()
    }
}

struct ResolvedKey<'c>(&'c SearchKey);

impl Serialize for ResolvedKey<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SearchKey { axis, start, factor, min, max } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("start", &Written(&AXES[*axis], start))?;
        map.serialize_entry("factor", factor)?;
        map.serialize_entry("min", &Written(&AXES[*axis], min))?;
        map.serialize_entry("max", &Written(&AXES[*axis], max))?;
        map.end()
    }
}

struct ResolvedGrid<'c> {
    grid: &'c GridSpec,
    config: &'c Config,
    /// Its search, if the grids have more than one.
    search: Option<&'c SearchSpec>,
}

impl Serialize for ResolvedGrid<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let grid = self.grid;
        let mut map = serializer.serialize_map(None)?;
        // What one grid lists or searches has no value in its section.
        let own = |a: &&AxisSpec| {
            AXES[a.axis].section.is_none() || listed(self.config, a.axis) || self.config.searches(a.axis)
        };
        for spec in grid.axes.iter().filter(own).filter(|a| !grid.searches(a.axis)) {
            let axis = &AXES[spec.axis];
            let values: Vec<Written<'_>> = spec.elements.iter().map(|e| Written(axis, e)).collect();
            map.serialize_entry(axis.name, &values)?;
        }
        if !grid.zips.is_empty() {
            let name = |&position: &usize| AXES[grid.axes[position].axis].name;
            let zips: Vec<Vec<&str>> = grid.zips.iter().map(|zip| zip.iter().map(name).collect()).collect();
            map.serialize_entry("zip", &zips)?;
        }
        if !grid.conditions.is_empty() {
            let texts: Vec<String> = grid.conditions.iter().map(|c| renamed(&c.text, axis::key)).collect();
            map.serialize_entry("where", &texts)?;
        }
        if let Some(search) = self.search {
            if search.keys.is_empty() {
                map.serialize_entry("search", &false)?;
            } else {
                map.serialize_entry("search", &ResolvedSearch(search))?;
            }
        }
        map.end()
    }
}

/// One value as the user would write it.
struct Written<'c>(&'c Axis, &'c Element);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.1.value, self.0.domain) {
            (Quantity::Expression(_, text), _) => serializer.serialize_str(&renamed(text, axis::key)),
            (Quantity::Number(number), Domain::Whole { .. }) => serializer.serialize_i64(*number as i64),
            (Quantity::Number(number), Domain::Real { .. }) => serializer.serialize_f64(*number),
            (Quantity::Number(number), Domain::Algorithm | Domain::Name(_)) => {
                serializer.serialize_str(&self.0.canonical(*number))
            }
        }
    }
}
