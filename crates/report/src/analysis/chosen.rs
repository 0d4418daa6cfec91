//! The power of T that the chosen value of a hyperparameter grows as.

use std::collections::BTreeMap;

use super::searched::SearchedCell;

/// A fitted law `value = c T^exponent`, with a constant c of each (N, Q).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChosenPower {
    /// The exponent of T.
    pub(crate) exponent: f64,
    /// The geometric mean of the constants over the cells.
    pub(crate) constant: f64,
}

impl ChosenPower {
    /// The value at a sequence length.
    pub(crate) fn at(self, t: f64) -> f64 {
        self.constant * libm::pow(t, self.exponent)
    }
}

/// The law of a searched key, by least squares of `ln value` on `ln T`: a description. A lattice
/// gives values in steps, and on a flat floor a search has no reason to leave the value it began
/// with, so that no interval would mean much. Cells without a setting that arrives and those whose
/// value lies at a bound do not count. `None` if no (N, Q) has two values of T.
pub(crate) fn chosen_power(cells: &[&SearchedCell], key: usize) -> Option<ChosenPower> {
    let mut pairs: BTreeMap<(i64, i64), Vec<(f64, f64)>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.bound(key).is_none()) {
        let value = cell.best().filter(|best| best.needed.is_some()).and_then(|best| best.values.get(key));
        if let Some(&value) = value.filter(|value| **value > 0.0) {
            pairs.entry((cell.n, cell.q)).or_default().push((libm::log(cell.t as f64), libm::log(value)));
        }
    }
    let mean = |places: &[(f64, f64)]| {
        let (x, y) = places.iter().fold((0.0, 0.0), |(x, y), place| (x + place.0, y + place.1));
        (x / places.len() as f64, y / places.len() as f64)
    };
    let (mut squares, mut products) = (0.0, 0.0);
    for places in pairs.values() {
        let (x, y) = mean(places);
        squares += places.iter().map(|place| (place.0 - x) * (place.0 - x)).sum::<f64>();
        products += places.iter().map(|place| (place.0 - x) * (place.1 - y)).sum::<f64>();
    }
    if squares <= 0.0 {
        return None;
    }
    let exponent = products / squares;
    let (x, y) = mean(&pairs.into_values().flatten().collect::<Vec<_>>());
    Some(ChosenPower { exponent, constant: libm::exp(y - exponent * x) })
}

#[cfg(test)]
mod tests {
    use super::super::edges::Edge;
    use super::super::search_fixture::cell;
    use super::*;

    #[test]
    fn the_power_of_each_n_and_q_is_found_whatever_their_constants_and_without_bounds() {
        // 3 T^0.5 and 12 T^0.5: the mean constant is 6, whatever the T of either.
        let law = |constant: f64, t: i64| constant * libm::sqrt(t as f64);
        let mut cells: Vec<SearchedCell> = [32, 64, 512].into_iter().map(|t| cell((3, 1, t), law(3.0, t))).collect();
        cells.extend([16, 64, 1024].into_iter().map(|t| cell((4, 2, t), law(12.0, t))));
        let of = |cells: &[SearchedCell]| chosen_power(&cells.iter().collect::<Vec<_>>(), 0);
        let power = of(&cells).unwrap();
        assert!((power.exponent - 0.5).abs() < 1e-12 && (power.constant - 6.0).abs() < 1e-12, "{power:?}");
        assert!((power.at(100.0) - 60.0).abs() < 1e-10);
        // A value at a bound says only that it would be larger.
        let mut bound = cell((4, 2, 4096), 13.0);
        bound.at_bound.push(Edge { key: bound.keys[0].clone(), value: 13.0, largest: true });
        cells.push(bound);
        assert_eq!(of(&cells), Some(power));
        // A cell of which no setting arrives, and one T alone, say nothing.
        let mut vain = cell((3, 1, 8), 1.0);
        vain.tried.iter_mut().for_each(|setting| setting.needed = None);
        cells.push(vain);
        assert_eq!(of(&cells), Some(power));
        assert_eq!((of(&cells[..1]), of(&[])), (None, None));
    }

    /// Least squares with a constant of each pair, by the normal equations of the whole.
    #[test]
    fn with_scatter_it_is_the_solution_of_the_normal_equations() {
        let cells = [cell((3, 1, 2), 1.0), cell((3, 1, 8), 8.0), cell((3, 2, 4), 2.0), cell((3, 2, 8), 1.0)];
        let power = chosen_power(&cells.iter().collect::<Vec<_>>(), 0).unwrap();
        // In powers of two: x = 1, 3 with y = 0, 3 and x = 2, 3 with y = 1, 0. Within the pairs the
        // squares of x add to 2 + 0.5, the products to 3 - 0.5.
        assert!((power.exponent - 1.0).abs() < 1e-12);
        // Mean x = 9/4, mean y = 1.
        assert!((power.constant - libm::exp2(1.0 - 9.0 / 4.0)).abs() < 1e-12);
    }
}
