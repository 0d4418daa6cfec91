//! `answer.csv`: needed samples, exponents and ratios, one number a row, for spreadsheets and for
//! scripts without Parquet.

use csv::Writer;

use crate::analysis::{Analysis, Coefficient, Group, Term};

/// The first line.
const HEADER: [&str; 11] = ["quantity", "unit", "subject", "milestone", "N", "Q", "T", "value", "low", "high", "bound"];

type Rows = Writer<Vec<u8>>;

/// The numbers of an analysis, of every milestone. A row has the quantity (`needed_samples`,
/// `exponent of T`, `ratio`), its unit, the algorithm and conditions that it is of, the milestone, the
/// cell (empty where it is of all), the value, its 95 % interval (empty ends are open or unknown), and
/// in `bound` whether the value is only a bound: `>` or `<`.
#[must_use]
pub fn answer_csv(analysis: &Analysis) -> String {
    // Into memory nothing goes wrong; should it, the rows so far are there.
    let mut rows = Writer::from_writer(Vec::new());
    let _ = write(&mut rows, analysis);
    String::from_utf8(rows.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn write(rows: &mut Rows, analysis: &Analysis) -> csv::Result<()> {
    rows.write_record(HEADER)?;
    for group in analysis.groups() {
        needed(rows, &group)?;
    }
    for group in analysis.groups() {
        exponents(rows, &group)?;
    }
    for bout in &analysis.bouts {
        let subject = format!("{} over {}", bout.name(), bout.names[1]);
        for cell in &bout.cells {
            let Some((ratio, extent)) = cell.ratio else { continue };
            let place = [cell.cell.0, cell.cell.1, cell.cell.2].map(Some);
            let key = ["ratio of needed samples", "", &subject, bout.milestone.name()];
            row(rows, key, place, (ratio, cell.low, cell.high), extent.sign().trim())?;
        }
        if let Some(overall) = &bout.overall {
            let key = ["mean ratio of needed samples", "", &subject, bout.milestone.name()];
            row(
                rows,
                key,
                [None; 3],
                (overall.ratio, overall.interval.map(|i| i.0), overall.interval.map(|i| i.1)),
                "",
            )?;
        }
    }
    Ok(())
}

fn needed(rows: &mut Rows, group: &Group<'_>) -> csv::Result<()> {
    for cell in &group.needed {
        let number = |x: Option<i64>| x.map(|x| x as f64);
        let key = ["needed samples", "samples", &group.name(), cell.milestone.name()];
        let value = (cell.samples as f64, number(cell.ci_low), number(cell.ci_high));
        row(rows, key, [cell.n, cell.q, cell.t].map(Some), value, if cell.censored { ">" } else { "" })?;
    }
    Ok(())
}

fn exponents(rows: &mut Rows, group: &Group<'_>) -> csv::Result<()> {
    let known = |c: &Coefficient| (c.estimate, c.interval.map(|i| i.0), c.interval.map(|i| i.1));
    for scaling in &group.scalings {
        let name = group.name();
        for (term, quantity) in [(Term::T, "exponent of T"), (Term::N, "exponent of N"), (Term::Q, "exponent of Q")] {
            let of_all = scaling.power.as_ref().and_then(|law| law.coefficient(term)).filter(Coefficient::is_known);
            if let Some(coefficient) = of_all {
                row(rows, [quantity, "", &name, scaling.milestone.name()], [None; 3], known(&coefficient), "")?;
            }
        }
        for (n, q, law) in &scaling.of_pairs {
            if let Some(coefficient) = law.coefficient(Term::T).filter(Coefficient::is_known) {
                let key = ["exponent of T", "", &name, scaling.milestone.name()];
                row(rows, key, [Some(*n), Some(*q), None], known(&coefficient), "")?;
            }
        }
    }
    Ok(())
}

/// One row: quantity, unit, subject and milestone; N, Q and T; value and interval; bound.
fn row(
    rows: &mut Rows,
    key: [&str; 4],
    place: [Option<i64>; 3],
    (value, low, high): (f64, Option<f64>, Option<f64>),
    bound: &str,
) -> csv::Result<()> {
    let place = place.map(|x| x.map_or_else(String::new, |x| x.to_string()));
    let end = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or_else(String::new, |x| x.to_string());
    let (value, low, high) = (value.to_string(), end(low), end(high));
    let numbers = [&place[0], &place[1], &place[2], &value, &low, &high].map(String::as_str);
    rows.write_record(key.into_iter().chain(numbers).chain([bound]))
}
