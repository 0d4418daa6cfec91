//! `[search]`, and `search` of one grid: which hyperparameters are searched, from where, in which
//! steps and bounds, and how the races go.

use scb_core::train::StageEnd;

use crate::axis::{self, AXES, written};
use crate::config::diagnostic::Diagnostic;
use crate::config::document::{Entry, Node, Value};
use crate::config::keys;
use crate::config::names::check_bound;
use crate::config::settings::{Element, Rules, SearchKey, SearchMilestone, SearchSpec, Shared};
use crate::config::source::Span;
use crate::config::table_reader::{TableReader, number, wrong_type};
use crate::config::values::element;

const KEY_HELP: &str = "write for example batch_size = { start = \"T/4\", factor = 2, min = 4, max = \"8*T\" }";
const RUNGS_HELP: &str = "write for example rungs = [2, 4, 8, 15, 30]";
/// The largest factor between neighbours: the lattice is for tuning, and no neighbour should be
/// another world.
const MAX_FACTOR: f64 = 100.0;
/// The most replicates of a race.
const MAX_RUNG: i64 = 100_000;

/// What searches are read by: the axes that sections have set, settings of the training, and the
/// quantile of the answer.
#[derive(Clone, Copy)]
pub(crate) struct SearchReader<'c> {
    pub(crate) common: &'c [(usize, Vec<Element>)],
    pub(crate) shared: &'c Shared,
    pub(crate) quantile: f64,
}

impl SearchReader<'_> {
    /// What `[search]` says, if it is there. It may leave the keys to the grids.
    pub(crate) fn of_all(self, entry: Option<Entry>) -> Result<Option<SearchSpec>, Diagnostic> {
        entry.map(|entry| self.read("[search]", entry.node, &self.nothing())).transpose()
    }

    /// That no grid has a key to search, although there is a `[search]` at `place`.
    pub(crate) fn names_no_key(name: &str, place: Span) -> Diagnostic {
        Diagnostic::new(format!("{name} names no key")).at(place, "nothing to search").help(KEY_HELP)
    }

    /// What `search` of one grid says: that of all grids, `general`, but for what it says itself.
    /// Without keys of its own it has those of `general`. With `false` nothing is searched.
    pub(crate) fn of_grid(
        self,
        entry: Option<Entry>,
        general: Option<&SearchSpec>,
    ) -> Result<Option<SearchSpec>, Diagnostic> {
        let general = general.filter(|general| !general.keys.is_empty() || entry.is_some());
        match entry.map(|entry| entry.node) {
            None => Ok(general.cloned()),
            Some(Node { value: Value::Bool(false), .. }) => Ok(Some(self.nothing())),
            Some(node) => {
                let general = general.cloned().unwrap_or_else(|| self.nothing());
                let place = node.span.clone();
                let search = self.read("search of [grid]", node, &general)?;
                if search.keys.is_empty() {
                    return Err(Self::names_no_key("search of [grid]", place));
                }
                Ok(Some(search))
            }
        }
    }

    /// A search of no key, which judges the one setting that is given.
    pub(crate) fn nothing(self) -> SearchSpec {
        let rules = Rules {
            quantile: self.quantile,
            confidence: 0.95,
            rungs: vec![2, 4, 8, 15, 30],
            margin: 0.05,
            horizon: 1.0,
            max_settings: 300,
        };
        SearchSpec { milestone: SearchMilestone::Recovery, rules, inherit: true, keys: Vec::new() }
    }

    /// A section; what it does not say is as in `general`.
    fn read(self, name: &str, node: Node, general: &SearchSpec) -> Result<SearchSpec, Diagnostic> {
        let Self { common, shared, quantile } = self;
        let span = node.span.clone();
        let mut section = TableReader::new(name, node)?;
        if let Some(wrong) = section.entries.iter().find(|entry| is_no_hyperparameter(&entry.key)) {
            return Err(Diagnostic::new(format!("`{}` cannot be searched", wrong.key))
                .at(wrong.key_span.clone(), "it is part of the question, or the budget")
                .help(
                    "hyperparameters can be searched, such as batch_size, eta_boost and lambda; put this into [grid]",
                ));
        }
        section.check_keys(&keys::of("search"))?;
        let mut milestones = SearchMilestone::ALL;
        milestones.sort_by_key(|milestone| *milestone != general.milestone);
        let milestone = section.choice("milestone", &milestones.map(|milestone| (milestone.name(), milestone)))?;
        let rungs = rungs(section.take("rungs"), &general.rules.rungs)?;
        let rules = Rules {
            quantile,
            confidence: section.real_or(&keys::CONFIDENCE, general.rules.confidence)?,
            rungs,
            margin: section.real_or(&keys::MARGIN, general.rules.margin)?,
            horizon: section.real_or(&keys::HORIZON, general.rules.horizon)?,
            max_settings: section.whole_or(&keys::MAX_SETTINGS, general.rules.max_settings as i64)? as usize,
        };
        let inherit = section.truth_or(&keys::INHERIT, general.inherit)?;
        let mut keys = Vec::new();
        for entry in std::mem::take(&mut section.entries) {
            let Some(index) = axis::index(&entry.key) else { continue };
            if let Some((_, elements)) = common.iter().find(|(i, _)| *i == index) {
                let place = elements.first().and_then(|element| element.span.clone()).unwrap_or(entry.key_span);
                return Err(searched(index, AXES[index].section.unwrap_or_default(), &place));
            }
            keys.push(search_key(index, entry)?);
        }
        if keys.is_empty() {
            keys.clone_from(&general.keys);
        }
        for (stage, end) in [("boost", shared.boost_end), ("sparse", shared.sparse_end)] {
            if let StageEnd { share: Some(share), .. } = end {
                return Err(Diagnostic::new("a search needs stages that end without a look at the budget")
                    .at(span, format!("training.{stage}.end_share is {}", written(share)))
                    .help(format!(
                        "a run that is looked at for a while must be the beginning of a longer one: write \
                         {stage} = {{ end_share = false }} under [training], with another end for the stage"
                    )));
            }
        }
        Ok(SearchSpec { milestone, rules, inherit, keys })
    }
}

/// A key that the search moves and that another section sets.
pub(crate) fn searched(index: usize, section: &str, place: &Span) -> Diagnostic {
    let name = AXES[index].name;
    Diagnostic::new(format!("`{name}` stands in [{section}] and in [search]"))
        .at(place.clone(), "the search finds its value")
        .help("remove one of the two")
}

/// Whether a key is an axis that a search must not move.
fn is_no_hyperparameter(key: &str) -> bool {
    axis::index(key).is_some_and(|i| !AXES[i].can_be_searched())
}

/// `{ start = "T/4", factor = 2, min = 4, max = "8*T" }`.
fn search_key(index: usize, entry: Entry) -> Result<SearchKey, Diagnostic> {
    let name = AXES[index].name;
    let span = entry.node.span.clone();
    if !matches!(entry.node.value, Value::Table(_)) {
        return Err(wrong_type(name, "a start, a factor and bounds", &entry.node.value, span).help(KEY_HELP));
    }
    let mut table = TableReader::new(&format!("`{name}` of [search]"), entry.node)?;
    table.check_keys(&["start", "factor", "min", "max"])?;
    let mut part = |key: &str| match table.take(key) {
        Some(entry) => element(index, entry.node),
        None => Err(Diagnostic::new(format!("`{name}` of [search] has no `{key}`"))
            .at(span.clone(), format!("{key} is missing"))
            .help(KEY_HELP)),
    };
    let (start, min, max) = (part("start")?, part("min")?, part("max")?);
    for bound in [&min, &max] {
        check_bound(name, bound)?;
    }
    let factor = match table.take("factor") {
        None => 2.0,
        Some(Entry { node, .. }) => {
            let factor = number("factor", &node, "neighbours on the lattice differ by this factor: 2 is a good one")?;
            if !(factor > 1.0 && factor <= MAX_FACTOR) {
                return Err(Diagnostic::new(format!("the factor of `{name}` is out of range"))
                    .at(node.span, format!("{} is not above 1 and at most {MAX_FACTOR}", written(factor)))
                    .help("neighbours on the lattice differ by this factor: 2 is a good one"));
            }
            factor
        }
    };
    Ok(SearchKey { axis: index, start, factor, min, max })
}

/// Numbers of replicates, increasing.
fn rungs(entry: Option<Entry>, general: &[u32]) -> Result<Vec<u32>, Diagnostic> {
    let Some(Entry { node, .. }) = entry else { return Ok(general.to_vec()) };
    let span = node.span.clone();
    let Value::List(items) = node.value else {
        return Err(wrong_type("rungs", "a list of integers", &node.value, span).help(RUNGS_HELP));
    };
    let mut rungs: Vec<u32> = Vec::new();
    for Node { value, span } in items {
        let Value::Int(rung) = value else {
            return Err(wrong_type("rungs", "a list of integers", &value, span).help(RUNGS_HELP));
        };
        if !(1..=MAX_RUNG).contains(&rung) || rungs.last().is_some_and(|&last| i64::from(last) >= rung) {
            return Err(Diagnostic::new("`rungs` are numbers of replicates, each larger than the one before")
                .at(span, format!("{rung} cannot stand here"))
                .help(RUNGS_HELP));
        }
        rungs.push(rung as u32);
    }
    if rungs.is_empty() {
        return Err(Diagnostic::new("`rungs` has no values").at(span, "a race needs replicates").help(RUNGS_HELP));
    }
    Ok(rungs)
}
