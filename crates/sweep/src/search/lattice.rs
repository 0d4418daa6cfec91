//! The lattice of settings of one cell.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::axis::{AXES, Domain};
use crate::config::{Config, SearchKey, SearchSpec};
use crate::grid::{Place, Point, element_value, scaled_point};
use crate::search::runs::Steps;

/// The settings that a search may give one cell.
#[derive(Debug)]
pub struct Lattice {
    config: Arc<Config>,
    spec: Arc<SearchSpec>,
    place: Place,
    /// For each key the smallest and the largest value.
    bounds: Vec<[f64; 2]>,
    /// What is known of settings so far: their points, or that they are out of bounds or impossible.
    points: RefCell<HashMap<Steps, Option<Arc<Point>>>>,
}

impl Lattice {
    /// The lattice of the cell at `place`, whose point at the start is `start`.
    pub(super) fn new(config: &Arc<Config>, spec: &Arc<SearchSpec>, place: Place, start: &Point) -> Self {
        let bounds = spec.keys.iter().map(|key| [&key.min, &key.max].map(|bound| element_value(bound, start)));
        Self {
            config: Arc::clone(config),
            spec: Arc::clone(spec),
            place,
            bounds: bounds.collect(),
            points: RefCell::default(),
        }
    }

    /// The key whose start lies outside of its bounds, and these.
    pub(super) fn start_out_of_bounds(&self, start: &Point) -> Option<(&SearchKey, [f64; 2])> {
        let outside = |(key, [min, max]): &(&SearchKey, [f64; 2])| {
            let value = start.values[key.axis];
            !(*min <= value && value <= *max)
        };
        self.spec.keys.iter().zip(self.bounds.iter().copied()).find(outside)
    }

    /// The point of a setting; `None` if it is out of bounds or cannot be run.
    pub(super) fn point(&self, setting: &Steps) -> Option<Arc<Point>> {
        if let Some(known) = self.points.borrow().get(setting) {
            return known.clone();
        }
        let keys = &self.spec.keys;
        let factor = |axis: usize| {
            let key = keys.iter().position(|key| key.axis == axis);
            key.map_or(1.0, |i| libm::pow(keys[i].factor, f64::from(setting[i])))
        };
        let inside = |point: &Point| {
            let values = keys.iter().map(|key| point.values[key.axis]).zip(&self.bounds);
            values.into_iter().all(|(value, [min, max])| *min <= value && value <= *max)
        };
        let point = scaled_point(&self.config, &self.place, &factor).filter(inside).map(Arc::new);
        self.points.borrow_mut().insert(setting.clone(), point.clone());
        point
    }

    /// The setting `distance` values away along a key; `None` if there is none. Steps of a whole
    /// number that round to the same value count as one.
    pub(super) fn beside(&self, from: &Steps, key: usize, up: bool, distance: i32) -> Option<Steps> {
        let axis = self.spec.keys[key].axis;
        let whole = matches!(AXES[axis].domain, Domain::Whole { .. });
        let mut here = from.clone();
        let mut value = self.point(&here)?.values[axis];
        for _ in 0..distance {
            loop {
                here[key] += if up { 1 } else { -1 };
                let next = self.point(&here)?.values[axis];
                if !whole || next != value {
                    value = next;
                    break;
                }
            }
        }
        Some(here)
    }

    /// Whether a key has no value beyond that of `setting` on one side because of the bounds of the
    /// search, or because a run would be impossible; not because the key itself ends there.
    pub(super) fn is_at_bound(&self, setting: &Steps, key: usize, up: bool) -> bool {
        let axis = self.spec.keys[key].axis;
        let ends = |value: f64| match AXES[axis].domain {
            Domain::Whole { min, max } | Domain::Real { min, max, .. } => value == if up { max } else { min },
            Domain::Algorithm | Domain::Name(_) => true,
        };
        let here = self.point(setting);
        self.beside(setting, key, up, 1).is_none() && here.is_some_and(|point| !ends(point.values[axis]))
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.bounds.len()
    }

    /// The start.
    pub(super) fn start(&self) -> Steps {
        vec![0; self.keys()]
    }
}
