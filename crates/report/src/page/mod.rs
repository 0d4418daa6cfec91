//! `report.html`: the whole answer on one page that needs no other file and no network.
//!
//! The page is written by maud, which escapes what it is given; the chart is drawn by plotly.js, embedded. `page.js` only connects
//! what a reader chooses to what is shown, and sorts the table; without scripts everything but the chart is there.

mod chart;
mod dark;

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::analysis::{
    Analysis, Coefficient, Group, Law, Milestone, Needed, Scaling, Term, Verdict, WIDEST, count, off, percent, two,
};
use crate::claim::Section;
use crate::figure::Figure;
use crate::record::{POPULATION, Status, shown, written};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// More rows than this are left to `needed.parquet`: a browser would sort them slowly.
const MOST_ROWS: usize = 3000;

/// More figures than this are linked: each is a tenth of a megabyte.
const MOST_FIGURES: usize = 48;

/// How the sweep was run.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Jobs of the grid; more than there are records while it is not finished.
    pub jobs: usize,
    /// Name and value of what a reader needs to run it again: versions, seed, machine, time.
    pub facts: Vec<(&'static str, String)>,
    /// The resolved config.
    pub config: String,
    /// The command that runs it again.
    pub command: String,
}

/// The page.
#[must_use]
pub fn page(analysis: &Analysis, claim: Option<&Section>, figures: &[Figure], about: &About) -> String {
    let groups = analysis.groups();
    let chart = chart::chart(&groups);
    let pictured = claim.into_iter().flat_map(|section| &section.figures).chain(with_room(figures));
    let dark = dark::style(pictured.map(|figure| figure.svg.as_str()));
    let title = format!("{}: samples to learn a sparse contextual bigram", about.name);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // An icon of its own, or a browser asks the network for one.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) (PreEscaped(dark)) }
            }
            body {
                a.skip href="#answer" { "To the answer" }
                header {
                    p.name { (about.name) }
                    h1 {
                        "How many samples does a linear transformer need to learn a sparse contextual bigram, and how does that number scale with the \
                         sequence length T, the number of states N and the sparsity Q?"
                    }
                }
                main {
                    @if let Some(section) = claim { (examined(section, analysis.runs() < about.jobs)) }
                    (answer(analysis, &groups, about))
                    @if let Some(chart) = &chart { (chosen(chart, &groups)) }
                    (pictures(figures))
                    (table(analysis, &groups))
                    (run(analysis, about))
                    (meanings(analysis.question.quantile))
                }
                @if let Some(chart) = &chart {
                    script type="application/json" id="chart-data" { (PreEscaped(chart.data.replace("</", "<\\/"))) }
                    (PreEscaped(chart::library()))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn answer(analysis: &Analysis, groups: &[Group<'_>], about: &About) -> Markup {
    let (done, limits) = (analysis.runs(), analysis.limits());
    // Dynamics without noise are a reference; where there is nothing else they are the answer.
    let mut told: Vec<&Group<'_>> = groups.iter().filter(|group| group.algorithm != POPULATION).collect();
    if told.is_empty() {
        told.extend(groups);
    }
    html! {
        section id="answer" {
            h2 { "The answer" }
            @if done < about.jobs {
                p.warning role="alert" {
                    strong { "Partial: " }
                    (about.jobs - done) " of " (about.jobs) " jobs have not run, and everything below will change."
                }
            }
            @for group in &told { p.answer { (raised(&group.answer(analysis.question.quantile))) } }
            @if !limits.is_empty() {
                h3 { "What limits it" }
                ul.limits { @for limit in &limits { li { (limit) } } }
            }
            @for group in groups { (exponents(group, groups.len() > 1)) }
        }
    }
}

/// A claim, sentence by sentence, with its figures.
fn examined(section: &Section, partial: bool) -> Markup {
    html! {
        section id="claim" {
            h2 { "The claim: " (section.title) }
            p { (section.text) }
            @if partial { p.warning { strong { "Partial: " } "jobs are missing, and findings may change." } }
            ul.verdicts {
                @for verdict in &section.verdicts { li {
                    p.sentence { span class=(format!("finding {}", verdict.finding.name())) { (verdict.finding.name()) @if let Some(reason) = &verdict.reason { ": " (reason.split(": ").next().unwrap_or(reason)) } } " " (verdict.statement) }
                    p { (minus_signs(&verdict.evidence)) }
                } }
            }
            @for note in &section.notes { p.note { (note) } }
            (drawn(&section.figures))
        }
    }
}

/// Minus signs before numbers, where there were hyphens.
fn minus_signs(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        let number = text[i..].chars().nth(1).is_some_and(|next| next.is_ascii_digit());
        out.push(if c == '-' && number && " [(".contains(before) { '−' } else { c });
        before = c;
    }
    out
}

/// Exponents of each milestone, and which law wins.
fn exponents(group: &Group<'_>, named: bool) -> Markup {
    let laws: Vec<(&Scaling, &Law)> = group.scalings.iter().filter_map(|s| Some((*s, s.power.as_ref()?))).collect();
    if laws.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Exponents" @if named { ": " (group.name()) } }
        div.wide tabindex="0" role="region" aria-label="Exponents" {
            table {
                thead { tr {
                    th scope="col" { "samples to" }
                    th scope="col" { "constant" }
                    @for term in [Term::T, Term::N, Term::Q] { th scope="col" { (term.name()) } }
                    th scope="col" { "spread" }
                    th scope="col" { "cells" }
                    th scope="col" { "better" }
                    th scope="col" { "ΔAICc" }
                    th scope="col" { "unseen T" }
                } }
                tbody {
                    @for (scaling, law) in &laws {
                        tr {
                            th scope="row" { (scaling.milestone.name()) }
                            td { (law.coefficient(Term::Constant).map_or_else(none, |c| constant(libm::exp(c.estimate)))) }
                            @for term in [Term::T, Term::N, Term::Q] { td { (interval(law.coefficient(term))) } }
                            td { @if let Some(spread) = law.spread { (format!("{:.0} %", 100.0 * (libm::exp(spread) - 1.0))) } }
                            td { (law.cells) @if law.censored > 0 { ", " (law.censored) " of them bounds" } }
                            td { (better(scaling)) }
                            td { (scaling.aicc_difference().map_or_else(none, |d| minus(&format!("{d:+.0}")))) }
                            td { (scaling.held_out.as_ref().map_or_else(none, |h| format!("{}, {}", off(h.power), off(h.polylog)))) }
                        }
                    }
                }
            }
        }
        p.note {
            "n = constant · T" sup { "a" } " · N" sup { "b" } " · Q" sup { "d" } ", by censored regression of ln n, with 95 % intervals (unknown: wider than 2); spread is the typical distance of a cell from its law. The rival has ln ln T for ln T, so that n grows \
             as a power of ln T; a law is better if AICc says so by more than 2 (above 0 speaks for T) and if it is closer at the largest T when fitted without it (unseen T: how far T and ln T are off there)."
        }
    }
}

/// Three digits.
fn constant(x: f64) -> String {
    match x {
        _ if (100.0..1e6).contains(&x) => format!("{x:.0}"),
        _ if (0.01..100.0).contains(&x) => format!("{x:.*}", (2.0 - libm::floor(libm::log10(x))).max(0.0) as usize),
        _ => format!("{x:.2e}"),
    }
}

fn better(scaling: &Scaling) -> &'static str {
    match (scaling.verdict(), scaling.aicc_difference()) {
        (Verdict::Power, _) => "power of T",
        (Verdict::Polylog, _) => "power of ln T",
        (Verdict::Undecided, Some(_)) => "undecided",
        (Verdict::Undecided, None) => "not compared",
    }
}

fn none() -> String {
    "–".to_owned()
}

/// `T^0.78 ..` with the exponent raised.
fn raised(text: &str) -> Markup {
    let mut parts = text.split('^');
    let first = parts.next().unwrap_or_default();
    html! {
        (signed(first))
        @for part in parts {
            @let end = part.find(|c: char| !(c.is_ascii_digit() || "-.".contains(c))).unwrap_or(part.len());
            // A full stop is no part of a number.
            @let end = part[..end].trim_end_matches('.').len();
            sup { (minus(&part[..end])) } (signed(&part[end..]))
        }
    }
}

/// A minus before numbers in brackets, where there was a hyphen.
fn signed(text: &str) -> String {
    text.replace("[-", "[−").replace(", -", ", −")
}

fn interval(coefficient: Option<Coefficient>) -> String {
    match coefficient {
        None => none(),
        Some(Coefficient { estimate, interval: Some((low, high)), .. }) if high - low <= WIDEST => {
            minus(&format!("{} [{}, {}]", two(estimate), two(low), two(high)))
        }
        Some(_) => "unknown".to_owned(),
    }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// The chart, and what a reader may choose to see in it.
fn chosen(chart: &chart::Chart, groups: &[Group<'_>]) -> Markup {
    let several = groups.len() > 1;
    html! {
        section id="explore" {
            h2 { "Needed samples, to look into" }
            form.choices {
                label { "Milestone " select name="milestone" {
                    @for milestone in Milestone::ALL {
                        option value=(milestone.name()) selected[milestone == Milestone::Recovery] { (milestone.name()) }
                    }
                } }
                @if several {
                    label { "Algorithm " select name="group" {
                        @for group in groups { option value=(group.name()) { (group.name()) } }
                    } }
                }
                (boxes("N", "n", &chart.states))
                (boxes("Q", "q", &chart.sparsities))
            }
            @if chart.left_out > 0 { p.note { (chart.left_out) " curves are left out here; the table below and needed.parquet have all." } }
            div id="chart" role="img" aria-label="Needed samples against T; the same numbers are in the table below" {}
            noscript { p { "The chart needs scripts; the figures and the table below do not." } }
        }
    }
}

fn boxes(name: &str, key: &str, values: &BTreeSet<i64>) -> Markup {
    html! {
        fieldset { legend { (name) }
            @for value in values { label { input type="checkbox" name=(key) value=(value) checked; " " (value) } }
        }
    }
}

/// The figures for which there is room.
fn with_room(figures: &[Figure]) -> &[Figure] {
    &figures[..figures.len().min(MOST_FIGURES)]
}

fn pictures(figures: &[Figure]) -> Markup {
    html! {
        section id="figures" {
            h2 { "Figures" }
            @if figures.is_empty() { p { "There is nothing to draw yet." } }
            (drawn(with_room(figures)))
            @if figures.len() > MOST_FIGURES {
                p { "More, as files: " @for figure in &figures[MOST_FIGURES..] {
                    a href=(format!("figures/{}.svg", figure.name)) { (figure.title) } " "
                } }
            }
        }
    }
}

fn drawn(figures: &[Figure]) -> Markup {
    html! {
        div.figures {
            @for figure in figures {
                figure id=(figure.name) {
                    div.picture role="img" aria-label=(figure.title) { (PreEscaped(&figure.svg)) }
                    figcaption {
                        strong { (figure.title) ". " }
                        (figure.caption) " "
                        a href=(format!("figures/{}.svg", figure.name)) { "SVG" }
                    }
                }
            }
        }
    }
}

/// A column of the table: its heading, whether it holds numbers, and its cell (what is shown, what it is sorted by).
type Column<'a> = (&'a str, bool, Box<dyn Fn(&Needed) -> (String, f64) + 'a>);

fn table(analysis: &Analysis, groups: &[Group<'_>]) -> Markup {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let whole = |get: fn(&Needed) -> i64| Box::new(move |r: &Needed| (get(r).to_string(), get(r) as f64));
    let real = |get: fn(&Needed) -> f64| Box::new(move |r: &Needed| (written(get(r)), get(r)));
    columns.push(("N", true, whole(|r| r.n)));
    columns.push(("Q", true, whole(|r| r.q)));
    columns.push(("T", true, whole(|r| r.t)));
    columns.push(("samples to", false, Box::new(|r| (r.milestone.name().to_owned(), 0.0))));
    if groups.len() > 1 {
        columns.push(("algorithm", false, Box::new(|r| (r.algorithm.clone(), 0.0))));
        for (i, key) in analysis.question.conditions.iter().enumerate() {
            columns.push((
                key,
                true,
                Box::new(move |r| r.conditions.get(i).map_or_else(Default::default, |c| (shown(key, *c), *c))),
            ));
        }
    }
    columns.push((
        "needed",
        true,
        Box::new(|r| (format!("{}{}", if r.censored { ">" } else { "" }, grouped(r.samples)), r.samples as f64)),
    ));
    columns.push((
        "95 % interval",
        true,
        Box::new(|r| {
            let end = |end: Option<i64>| end.map_or_else(|| "open".to_owned(), grouped);
            (format!("{} – {}", end(r.ci_low), end(r.ci_high)), r.ci_high.map_or(f64::INFINITY, |h| h as f64))
        }),
    ));
    columns.push((
        "without split",
        true,
        Box::new(|r| {
            let f = r.flattered;
            (format!("{}{}", if f.censored { ">" } else { "" }, grouped(f.samples)), f.samples as f64)
        }),
    ));
    columns.push((
        "reached",
        true,
        Box::new(|r| (format!("{} of {}", r.reached, r.replicates), r.reached as f64 / r.replicates as f64)),
    ));
    columns.push(("B", true, whole(|r| r.batch_size)));
    columns.push(("η boost", true, real(|r| r.eta_boost)));
    columns.push(("η sparse", true, real(|r| r.eta_sparse)));
    columns.push(("λ", true, real(|r| r.lambda)));
    let order = [Milestone::Recovery, Milestone::Signal, Milestone::Support, Milestone::SignalToRecovery];
    let rows: Vec<&Needed> =
        order.iter().flat_map(|m| analysis.needed.iter().filter(move |r| r.milestone == *m)).collect();
    html! {
        section id="cells" {
            h2 { "Cells" }
            @if rows.is_empty() { p { "No cell has a result yet." } } @else {
                p { "A click on a heading sorts. Samples by which " (percent(analysis.question.quantile)) " of the runs have reached the milestone; \
                    \"without split\" is what choosing hyperparameters on the very runs they are judged by would have claimed." }
                div.wide tabindex="0" role="region" aria-label="Cells" {
                    table.sortable {
                        thead { tr {
                            @for (name, numbers, _) in &columns {
                                th scope="col" class=[numbers.then_some("number")] { button type="button" { (name) } }
                            }
                        } }
                        tbody {
                            @for row in rows.iter().take(MOST_ROWS) {
                                tr { @for (_, numbers, cell) in &columns {
                                    @let (text, key) = cell(row);
                                    @if *numbers { td.number data-key=(key) { (text) } } @else { td { (text) } }
                                } }
                            }
                        }
                    }
                }
                @if rows.len() > MOST_ROWS { p { "The first " (MOST_ROWS) " of " (rows.len()) " rows; all are in needed.parquet." } }
            }
        }
    }
}

/// `12 345`, with thin spaces that do not break.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn run(analysis: &Analysis, about: &About) -> Markup {
    let runs = analysis.runs();
    html! {
        section id="run" {
            h2 { "How it was run" }
            dl {
                dt { "to run it again" } dd { code { (about.command) } }
                @for (name, value) in &about.facts { dt { (name) } dd { (value) } }
                @if runs > 0 {
                    dt { "runs" }
                    dd {
                        (count(runs, "run")) ": "
                        @for (i, (status, ended)) in Status::ALL.iter().zip(analysis.endings).filter(|(_, ended)| *ended > 0).enumerate() {
                            @if i > 0 { ", " }
                            (ended) " " (status.name()) " (" (format!("{:.1} %", 100.0 * ended as f64 / runs as f64)) ")"
                        }
                    }
                }
            }
            details { summary { "The config, every default written out" } pre { (about.config) } }
        }
    }
}

fn meanings(quantile: f64) -> Markup {
    let share = percent(quantile);
    html! {
        section id="meanings" {
            h2 { "What the words mean" }
            dl {
                dt { "needed samples" }
                dd { "The smallest number of samples by which " (share) " of the replicates have reached a milestone, each read at hyperparameters that the other half of the \
                      replicates chose. Runs that never reach it count too: they need more than the budget they had." }
                dt { "interval" }
                dd { "Of a cell: order statistics, which suppose nothing about the distribution; open where the replicates bound nothing. Of an exponent that all N and Q share: from the \
                      scatter between the (N, Q), where there are five or more; else Student's, from the scatter of the cells about the law." }
                dt { "signal" } dd { "Both correlations with the truth have reached the threshold (0.25 by default)." }
                dt { "support" } dd { "The Q largest entries of the attention of every query token are the true ones, from then on." }
                dt { "recovery" } dd { "The model, its attention rounded, is within epsilon of the truth in both factors." }
                dt { "AICc" } dd { "Akaike's criterion, corrected for few cells: the fit of a law less the price of its parameters. Differences below 2 say nothing." }
                dt { "B, η, λ" } dd { "Samples per step, step size (while boosting, and in the sparse stage) and l1 regularisation." }
                dt { "exhausted, diverged" } dd { "The budget was spent before recovery; the step was so large that the run blew up." }
                dt { "mirrored" } dd { "The run grew into the near-solution with both correlations negative: the sign is decided by its first B/η samples." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::fixture::record;

    fn analysis(conditions: bool) -> Analysis {
        let mut records = Vec::new();
        for t in [32, 64, 128, 256] {
            for replicate in 0..4 {
                records.push(record(3, 2, t, replicate, Some(100 * t + replicate)));
            }
        }
        records.extend((0..4).map(|replicate| record(4, 2, 64, replicate, (replicate > 0).then_some(900))));
        if conditions {
            records
                .iter_mut()
                .for_each(|r| r.further = vec![("persistence".to_owned(), 0.1 * (r.replicate % 2) as f64)]);
        }
        let conditions = if conditions { vec!["persistence".to_owned()] } else { Vec::new() };
        Analysis::of(&records, Question { quantile: 0.9, conditions, tuned: Vec::new() })
    }

    fn about() -> About {
        About {
            name: "a <small> sweep".to_owned(),
            jobs: 16,
            facts: vec![("seed", "7".to_owned())],
            config: "seed = 7 # </pre><script>".to_owned(),
            command: "sweep run x.toml".to_owned(),
        }
    }

    #[test]
    fn the_page_has_every_part_and_escapes_what_it_is_given() {
        let figure = Figure {
            name: "one".to_owned(),
            title: "One".to_owned(),
            caption: "Caption.".to_owned(),
            svg: "<svg></svg>".to_owned(),
        };
        let page = page(&analysis(false), None, &[figure], &about());
        for id in ["answer", "explore", "figures", "cells", "run", "meanings", "chart-data", "one"] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        assert!(page.contains("a &lt;small&gt; sweep") && page.contains("# &lt;/pre&gt;&lt;script&gt;"));
        assert!(page.contains("grow as T<sup>") && page.contains("&gt;100\u{202f}000") && !page.contains("Partial"));
        // The chart library, without the one for formulas that comes with it.
        assert!(page.contains("plotly.js v") && page.len() < 6_000_000);
        // Nothing is fetched: no script, style, image or font from elsewhere.
        let own = page.split("plotly.js v").next().unwrap();
        assert!(!own.contains("src=\"http") && !own.contains("href=\"http"));
        assert!(!page.contains("NaN</") && !page.contains(">NaN") && !page.contains(">inf"));
    }

    #[test]
    fn a_run_without_results_has_a_page_that_says_so() {
        let nothing = Analysis::of(&[], Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() });
        let page = page(&nothing, None, &[], &about());
        assert!(page.contains("nothing can be concluded") && page.contains("16 of 16 jobs have not run"));
        assert!(!page.contains("id=\"chart-data\""));
    }

    #[test]
    fn conditions_have_columns_and_choices() {
        let page = page(&analysis(true), None, &[], &about());
        assert!(
            page.contains("persistence = 0.1</option>")
                && page.contains("<button type=\"button\">persistence</button>")
        );
    }

    /// What is drawn has a colour for dark paper, and no caption tells of one that differs there.
    #[test]
    fn every_colour_of_the_figures_of_a_page_has_one_for_dark_paper() {
        let analysis = analysis(false);
        let figures = crate::figure::all(&analysis, &crate::figure::Pictured::default());
        assert!(figures.iter().any(|figure| figure.name.starts_with("success_map")), "a map is there");
        let page = page(&analysis, None, &figures, &about());
        let style = page
            .split("@media screen and (prefers-color-scheme: dark)")
            .nth(1)
            .unwrap()
            .split("</style>")
            .next()
            .unwrap();
        let mut seen = 0;
        for figure in &figures {
            let words = format!("{} {}", figure.title, figure.caption).to_lowercase();
            let told =
                ["white", "black", "grey", "gray", "bright", "pale"].into_iter().find(|word| words.contains(word));
            assert_eq!(told, None, "{words}");
            for element in figure.svg.split('<').filter(|element| !element.starts_with("rect")) {
                assert!(!element.starts_with("text") || element.contains(" fill=\"#"), "{element}");
                for attribute in ["fill", "stroke"] {
                    let written = format!(" {attribute}=\"");
                    let Some(colour) = element.split(&written).nth(1).and_then(|rest| rest.split('"').next()) else {
                        continue;
                    };
                    let rule = format!("[{attribute}=\"{colour}\"] {{");
                    let kept = colour == "#D53C00" && element.starts_with("polygon");
                    assert!(colour == "none" || kept || style.contains(&rule), "{element}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 100);
        // The paper is dark, cells of maps are as they were.
        assert!(style.contains(".picture [fill=\"#FFFFFF\"]") && !style.contains("rect[fill=\"#FDE725"));
        assert!(!page.split("plotly.js v").next().unwrap().contains("invert("));
    }

    #[test]
    fn a_claim_stands_first_with_its_findings() {
        use crate::claim::{Claim, Evidence};
        let analysis = analysis(false);
        let section = Claim::TwoStages.examine(&Evidence::new(&analysis, &[], &[], &[]));
        let page = page(&analysis, Some(&section), &[], &about());
        let place = |text: &str| page.find(text).unwrap();
        assert!(place("The claim: Two stages") < place("The answer"));
        assert!(page.contains("class=\"finding undecided\""));
        assert_eq!(
            minus_signs("T to -0.1 [-0.2, 1e-5], Phi(-z), two-fold 3-4"),
            "T to −0.1 [−0.2, 1e-5], Phi(-z), two-fold 3-4"
        );
    }

    #[test]
    fn constants_have_three_digits() {
        let shown = [35.52, 133.5, 0.0456, 1.0, 12_345.6, 3.2e7, 1e-9].map(constant);
        assert_eq!(shown, ["35.5", "134", "0.0456", "1.00", "12346", "3.20e7", "1.00e-9"]);
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let thin = |text: &str| text.replace(' ', "\u{202f}");
        assert_eq!((grouped(7), grouped(999), grouped(1000)), ("7".into(), "999".into(), thin("1 000")));
        assert_eq!(grouped(12_345_678), thin("12 345 678"));
    }
}
