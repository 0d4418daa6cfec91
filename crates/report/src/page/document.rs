//! The page from top to bottom.

use maud::{DOCTYPE, PreEscaped, html};

use super::answer::answer;
use super::cells::table;
use super::chart::{chart, library};
use super::claim::claim_section;
use super::dark::style;
use super::explore::chosen;
use super::head_to_head::head_to_head;
use super::meanings::meanings;
use super::pictures::{pictures, shown_on_page};
use super::provenance::{Provenance, run};
use super::search::search;
use crate::analysis::Analysis;
use crate::claim::ExaminedClaim;
use crate::figure::Figure;

const STYLE: &str = include_str!("style.css");

const SCRIPT: &str = include_str!("page.js");

/// The question of this tool.
const QUESTION: &str = "How many samples does a linear transformer need to learn a sparse contextual bigram, and how does \
                        that number scale with the sequence length T, the number of states N and the sparsity Q?";

/// The page.
#[must_use]
pub fn page(analysis: &Analysis, claim: Option<&ExaminedClaim>, figures: &[Figure], provenance: &Provenance) -> String {
    let groups = analysis.groups();
    let chart = chart(&groups);
    let pictured = claim.into_iter().flat_map(|examined| &examined.figures).chain(shown_on_page(figures));
    let dark = style(pictured.map(|figure| figure.svg.as_str()));
    let title = format!(
        "{}: {}",
        provenance.name,
        provenance.title.as_deref().unwrap_or("samples to learn a sparse contextual bigram")
    );
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
                    p.name { (provenance.name) }
                    h1 { (provenance.title.as_deref().unwrap_or(QUESTION)) }
                    @if provenance.title.is_some() { p.note { (QUESTION) } }
                }
                main {
                    @if let Some(examined) = claim { (claim_section(examined, provenance.missing.is_some())) }
                    // Of a claim the runs that do not arrive are part of what it says.
                    (answer(analysis, &groups, provenance, claim.is_none()))
                    (head_to_head(analysis))
                    @if let Some(chart) = &chart { (chosen(chart, &groups)) }
                    (pictures(figures))
                    (search(analysis, groups.len() > 1))
                    (table(analysis, &groups))
                    (run(analysis, provenance))
                    (meanings(analysis.question.quantile, !analysis.searched.is_empty()))
                }
                @if let Some(chart) = &chart {
                    script type="application/json" id="chart-data" { (PreEscaped(chart.data.replace("</", "<\\/"))) }
                    (PreEscaped(library()))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::super::claim::minus_signs;
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

    fn provenance() -> Provenance {
        Provenance {
            name: "a <small> sweep".to_owned(),
            title: None,
            missing: None,
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
        let page = page(&analysis(false), None, &[figure], &provenance());
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
        let missing = Provenance { missing: Some("16 of 16 jobs have not run".to_owned()), ..provenance() };
        let nothing = Analysis::of(&[], Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() });
        let page = page(&nothing, None, &[], &missing);
        assert!(page.contains("nothing can be concluded") && page.contains("16 of 16 jobs have not run"));
        assert!(!page.contains("id=\"chart-data\""));
    }

    #[test]
    fn conditions_have_columns_and_choices() {
        let page = page(&analysis(true), None, &[], &provenance());
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
        let page = page(&analysis, None, &figures, &provenance());
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
            let found =
                ["white", "black", "grey", "gray", "bright", "pale"].into_iter().find(|word| words.contains(word));
            assert_eq!(found, None, "{words}");
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
        let examined = Claim::TwoStages.examine(&Evidence::new(&analysis, &[], &[], &[]));
        let page = page(&analysis, Some(&examined), &[], &provenance());
        let place = |text: &str| page.find(text).unwrap();
        assert!(place("The claim: Two stages") < place("The answer"));
        assert!(page.contains("class=\"finding undecided\""));
        assert_eq!(
            minus_signs("T to -0.1 [-0.2, 1e-5], Phi(-z), two-fold 3-4"),
            "T to −0.1 [−0.2, 1e-5], Phi(-z), two-fold 3-4"
        );
    }
}
