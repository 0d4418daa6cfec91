//! `answer.tex`: tables for a paper, for `\input` after `\usepackage{booktabs}`.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::analysis::{Analysis, Coefficient, Group, Needed, Term, percent, thinned, two};
use crate::claim::ExaminedClaim;

/// Values of T at most, which are columns of a table.
const LENGTHS: usize = 5;

/// The tables: needed samples of each algorithm and condition, exponents, ratios, and what the runs
/// say of a claim. `name` is that of the sweep; labels begin with it.
#[must_use]
pub fn answer_tex(analysis: &Analysis, claim: Option<&ExaminedClaim>, name: &str) -> String {
    let mut text = format!(
        "% Tables of the sweep {name}, made by `sweep report`. They need \\usepackage{{booktabs}}.\n% Intervals are 95 % \
         intervals; what is not in a table is in needed.parquet and scaling.parquet.\n"
    );
    let groups = analysis.groups();
    for (i, group) in groups.iter().enumerate() {
        let label = if i == 0 { format!("{name}-needed") } else { format!("{name}-needed-{}", i + 1) };
        text += &needed(group, analysis.question.quantile, &label);
    }
    text += &exponents(&groups, analysis.question.quantile, name);
    text += &ratios(analysis, name);
    if let Some(examined) = claim {
        text += &verdicts(examined, name);
    }
    text
}

/// A table with its caption above, as booktabs wants it; `head` are its first lines.
fn table(caption: &str, label: &str, columns: &str, head: &str, rows: &[Vec<String>]) -> String {
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!(
        "\n\\begin{{table}}\n  \\centering\\small\n  \\setlength{{\\tabcolsep}}{{4pt}}\n  \\caption{{{caption}}}\n  \
         \\label{{tab:{label}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n{head}    \\midrule\n{rows}    \
         \\bottomrule\n  \\end{{tabular}}\n\\end{{table}}\n"
    )
}

/// One line of a table.
fn line(cells: &[String]) -> String {
    format!("    {} \\\\\n", cells.join(" & "))
}

/// As [`line`], of words.
fn words(cells: &[&str]) -> String {
    format!("    {} \\\\\n", cells.join(" & "))
}

/// Needed samples: a row for each N and Q, a column for each T, and the exponent.
fn needed(group: &Group<'_>, quantile: f64, label: &str) -> String {
    let cells = group.cells(group.shown);
    if cells.is_empty() {
        return String::new();
    }
    let every: BTreeSet<i64> = cells.iter().map(|cell| cell.t).collect();
    let all = every.len();
    let lengths = thinned(every, LENGTHS);
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|cell| (cell.n, cell.q)).collect();
    let scaling = group.scaling(group.shown);
    let mut rows = Vec::new();
    for (n, q) in pairs {
        let mut row = vec![format!("${n}$"), format!("${q}$")];
        for t in &lengths {
            let cell = cells.iter().find(|cell| (cell.n, cell.q, cell.t) == (n, q, *t));
            row.push(cell.map_or_else(String::new, |cell| samples(cell)));
        }
        let law = scaling.and_then(|scaling| scaling.of_pair(n, q));
        row.push(law.and_then(|law| law.coefficient(Term::T)).map_or_else(|| "--".to_owned(), interval));
        rows.push(row);
    }
    let last = 2 + lengths.len();
    let mut second = vec!["$N$".to_owned(), "$Q$".to_owned()];
    second.extend(lengths.iter().map(|t| grouped(*t)));
    second.push("of $T$".to_owned());
    let head = format!(
        "     &  & \\multicolumn{{{}}}{{c}}{{$T$}} & exponent \\\\\n    \\cmidrule(lr){{3-{last}}}\n{}",
        lengths.len(),
        line(&second)
    );
    let columns = format!("rr{}l", "r".repeat(lengths.len()));
    let shown = if lengths.len() < all {
        format!(" {} of {all} values of $T$ are shown.", lengths.len())
    } else {
        String::new()
    };
    let caption = format!(
        "Samples by which {} of the runs {} ({}), with the exponent of $T$ of each row; $>$ is a lower bound.{shown}",
        escaped(&percent(quantile)),
        group.shown.arrive(),
        escaped(&group.name())
    );
    table(&caption, label, &columns, &head, &rows)
}

/// `2\,184`, or `$>$100\,000`.
fn samples(cell: &Needed) -> String {
    format!("{}{}", if cell.censored { "$>$" } else { "" }, grouped(cell.samples))
}

/// With a thin space every three digits, from five digits on.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let first = digits.len() % 3;
    let rest = digits.as_bytes()[first..].chunks(3).map(|chunk| String::from_utf8_lossy(chunk).into_owned());
    let parts: Vec<String> =
        [digits[..first].to_owned()].into_iter().filter(|part| !part.is_empty()).chain(rest).collect();
    parts.join("\\,")
}

/// `$0.91$ $[0.80, 1.02]$`, or `$0.91$` without an interval.
fn number(estimate: f64, interval: Option<(f64, f64)>) -> String {
    let ends = interval.map_or_else(String::new, |(low, high)| format!(" $[{}, {}]$", two(low), two(high)));
    format!("${}${ends}", two(estimate))
}

/// The number of a coefficient.
fn interval(coefficient: Coefficient) -> String {
    match coefficient.interval.filter(|_| coefficient.is_known()) {
        Some(ends) => number(coefficient.estimate, Some(ends)),
        None => "unknown".to_owned(),
    }
}

/// Exponents of T, N and Q at each milestone; those of several groups below the name of each.
fn exponents(groups: &[Group<'_>], quantile: f64, name: &str) -> String {
    let mut rows = Vec::new();
    for group in groups {
        let laws = group.scalings.iter().filter_map(|scaling| Some((scaling.milestone, scaling.power.as_ref()?)));
        let laws: Vec<_> = laws.collect();
        if groups.len() > 1 && !laws.is_empty() {
            rows.push(vec![format!("\\multicolumn{{5}}{{l}}{{\\emph{{{}}}}}", escaped(&group.name()))]);
        }
        for (milestone, law) in laws {
            let of = |term| law.coefficient(term).map_or_else(|| "--".to_owned(), interval);
            let name = milestone.name().to_owned();
            rows.push(vec![name, of(Term::T), of(Term::N), of(Term::Q), law.cells.to_string()]);
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let head = words(&["samples to", "$T$", "$N$", "$Q$", "cells"]);
    let caption = format!(
        "Exponents of $T$, $N$ and $Q$ in the samples by which {} of the runs reach a milestone, by censored regression.",
        escaped(&percent(quantile))
    );
    table(&caption, &format!("{name}-exponents"), "lllll", &head, &rows)
}

/// Needed samples of algorithms and conditions in units of a reference.
fn ratios(analysis: &Analysis, name: &str) -> String {
    let mut rows = Vec::new();
    for bout in analysis.bouts.iter().filter(|bout| bout.milestone == analysis.shown) {
        let Some(overall) = &bout.overall else { continue };
        let growth = overall.exponent.map_or_else(|| "--".to_owned(), |(exponent, ends)| number(exponent, Some(ends)));
        rows.push(vec![
            escaped(&bout.name()),
            escaped(&bout.names[1]),
            number(overall.ratio, overall.interval),
            growth,
            overall.cells.to_string(),
        ]);
    }
    if rows.is_empty() {
        return String::new();
    }
    let head = words(&["", "over", "ratio", "exponent of $T$", "cells"]);
    let caption = format!(
        "Needed samples to {} over those of a reference, the geometric mean over cells, and how the ratio grows with $T$.",
        analysis.shown.name()
    );
    table(&caption, &format!("{name}-ratios"), "lllll", &head, &rows)
}

/// The sentences of a claim.
fn verdicts(examined: &ExaminedClaim, name: &str) -> String {
    let row = |verdict: &crate::claim::Verdict| {
        let told = |x| format!("{}: {}", escaped(&verdict.quantity), number(x, verdict.interval));
        let told = verdict.estimate.map_or_else(String::new, told);
        vec![escaped(&verdict.statement), verdict.finding.name().to_owned(), told]
    };
    let rows: Vec<Vec<String>> = examined.verdicts.iter().map(row).collect();
    let head = words(&["sentence", "finding", "number"]);
    let columns = "p{0.5\\linewidth}lp{0.27\\linewidth}";
    table(&escaped(examined.title), &format!("{name}-verdicts"), columns, &head, &rows)
}

/// Text as LaTeX reads it, with letters and signs beyond ASCII as it writes them.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped += "\\textbackslash{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "$<$",
            '>' => escaped += "$>$",
            'α' => escaped += "$\\alpha$",
            'η' => escaped += "$\\eta$",
            'θ' => escaped += "$\\theta$",
            'λ' => escaped += "$\\lambda$",
            'μ' => escaped += "$\\mu$",
            'Φ' => escaped += "$\\Phi$",
            'Δ' => escaped += "$\\Delta$",
            '√' => escaped += "$\\surd$",
            '±' => escaped += "$\\pm$",
            '−' => escaped += "$-$",
            '·' => escaped += "$\\cdot$",
            '×' => escaped += "$\\times$",
            '≤' => escaped += "$\\le$",
            '≥' => escaped += "$\\ge$",
            letter => {
                let _ = write!(escaped, "{letter}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::csv::answer_csv;
    use super::*;
    use crate::analysis::{Milestone, Question};
    use crate::record::fixture::record;

    fn analysis() -> Analysis {
        let mut records = Vec::new();
        for algorithm in ["prox", "sgd"] {
            for t in [32, 64, 128, 256] {
                for replicate in 0..40 {
                    let slower = if algorithm == "sgd" { 3 } else { 1 };
                    let mut one = record(3, 2, t, replicate, Some(slower * (100 * t + replicate)));
                    one.algorithm = algorithm.to_owned();
                    records.push(one);
                }
            }
        }
        records.extend((0..40).map(|replicate| record(4, 2, 64, replicate, (replicate > 20).then_some(900))));
        Analysis::of(&records, Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() })
    }

    #[test]
    fn tables_have_as_many_cells_as_columns() {
        let text = answer_tex(&analysis(), None, "my_sweep");
        for block in text.split("\\begin{tabular}{").skip(1) {
            let columns = block.chars().take_while(|c| *c != '}').count();
            for line in block.lines().filter(|line| line.ends_with("\\\\")) {
                let spanned = line.split("\\multicolumn{").nth(1).and_then(|rest| rest.split('}').next()?.parse().ok());
                let spanned: usize = spanned.unwrap_or(1);
                assert_eq!(line.matches(" & ").count() + spanned, columns, "{line}");
            }
        }
        let (opened, closed) = (text.matches("\\begin{table}").count(), text.matches("\\end{table}").count());
        assert!(opened == closed && opened == 4, "{opened} tables: {text}");
        assert!(text.contains("90 \\% of the runs recover the truth (prox)"), "{text}");
        assert!(text.contains("12\\,835") && text.contains("$>$"), "{text}");
        assert!(text.contains("$3.00$"), "the ratio of the two: {text}");
        let mut signal = analysis();
        signal.shown = Milestone::Signal;
        assert!(!answer_tex(&signal, None, "x").contains("recover the truth"));
    }

    #[test]
    fn special_letters_do_not_reach_latex() {
        assert_eq!(escaped("50 % of K_P & λ"), "50 \\% of K\\_P \\& $\\lambda$");
        assert_eq!(
            (grouped(1234), grouped(12345), grouped(1234567)),
            ("1234".into(), "12\\,345".into(), "1\\,234\\,567".into())
        );
    }

    #[test]
    fn every_number_is_a_row_of_the_csv() {
        let analysis = analysis();
        let text = answer_csv(&analysis);
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows.iter().all(|row| row.split(',').count() == 11), "{text}");
        let count = |quantity: &str| rows.iter().filter(|row| row.starts_with(quantity)).count();
        assert_eq!(count("needed samples"), analysis.needed.len());
        assert!(count("exponent of T") >= 4 && count("ratio") > 0, "{text}");
        assert!(text.contains("needed samples,samples,prox,recovery,3,2,128,12835,"), "{text}");
        assert!(
            rows.iter()
                .any(|row| row.starts_with("needed samples,samples,prox,recovery,4,2,64,") && row.ends_with('>'))
        );
    }
}
