//! Colours of figures on dark paper.
//!
//! A figure is drawn for white paper, and its file stays so. On a dark page each of its colours is
//! replaced by one of the same hue that can be read on dark paper; the rules for it are part of the
//! page's style. Black becomes nearly white, and greys become lighter or darker so that they keep
//! their rank. Coloured inks are lightened and keep their order of lightness. Cells of maps keep
//! their colours, and so do the marks on them, because dark means few and light means many on
//! either paper.
//!
//! Lightness, chroma and hue are those of Oklab (Ottosson, 2020).

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::figure::ON_CELLS;

type Rgb = [u8; 3];

/// The paper of figures on a dark page: darker than the darkest cell of a map.
const PAPER: Rgb = [14, 18, 21];
const WHITE: Rgb = [255; 3];

/// From lightness on white paper to that on dark paper, between these places linear.
const COLOURED: [(f64, f64); 4] = [(0.0, 0.61), (0.5, 0.69), (0.8, 0.88), (1.0, 0.97)];
const HUELESS: [(f64, f64); 2] = [(0.0, 0.93), (1.0, 0.5)];

/// The style of these pictures on a dark screen.
pub(super) fn style<'s>(pictures: impl Iterator<Item = &'s str>) -> String {
    let colours: BTreeSet<&str> = pictures.flat_map(colours).collect();
    let paper = hex(PAPER);
    let mut style = format!("@media screen and (prefers-color-scheme: dark) {{\n.picture {{ background: {paper}; }}\n");
    for (colour, rgb) in colours.into_iter().filter_map(|colour| Some((colour, parsed(colour)?))) {
        if rgb == WHITE {
            // The paper, and open marks, which show it.
            let _ = writeln!(style, ".picture [fill=\"{colour}\"] {{ fill: {paper}; }}");
            continue;
        }
        let changed = hex(dark(rgb));
        // Rectangles are cells of maps and their patches in a legend.
        let filled = if rgb == [ON_CELLS.0, ON_CELLS.1, ON_CELLS.2] { "text" } else { ":not(rect)" };
        let _ = writeln!(style, ".picture {filled}[fill=\"{colour}\"] {{ fill: {changed}; }}");
        let _ = writeln!(style, ".picture [stroke=\"{colour}\"] {{ stroke: {changed}; }}");
    }
    style + "}\n"
}

/// Every colour that something but a cell of a map is filled or drawn with, as it is written.
fn colours(svg: &str) -> impl Iterator<Item = &str> {
    let elements = svg.split('<').filter(|element| !element.starts_with("rect") || element.contains("#FFFFFF"));
    elements.flat_map(|element| {
        let value = |attribute: &str| element.split(attribute).nth(1)?.split('"').next();
        [value(" fill=\""), value(" stroke=\"")].into_iter().flatten().filter(|value| value.starts_with('#'))
    })
}

fn parsed(colour: &str) -> Option<Rgb> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |i: usize| u8::from_str_radix(&digits[i..i + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The colour on dark paper of an ink on white paper.
fn dark(ink: Rgb) -> Rgb {
    let [lightness, a, b] = oklab(ink);
    if ink[0] == ink[1] && ink[1] == ink[2] {
        return rgb([between(&HUELESS, lightness), 0.0, 0.0]).unwrap_or(WHITE);
    }
    let lightness = between(&COLOURED, lightness);
    // As much of its chroma as the screen can show at this lightness.
    let shares = (0..=100).rev().map(|share| f64::from(share) / 100.0);
    shares.filter_map(|share| rgb([lightness, share * a, share * b])).next().unwrap_or(WHITE)
}

fn between(places: &[(f64, f64)], x: f64) -> f64 {
    let after = places.iter().position(|place| place.0 >= x).unwrap_or(places.len() - 1).max(1);
    let ((x0, y0), (x1, y1)) = (places[after - 1], places[after]);
    y0 + (x - x0) / (x1 - x0) * (y1 - y0)
}

/// A part of a colour as light, 0 to 1.
fn light(part: u8) -> f64 {
    let share = f64::from(part) / 255.0;
    if share <= 0.04045 { share / 12.92 } else { libm::pow((share + 0.055) / 1.055, 2.4) }
}

fn oklab(ink: Rgb) -> [f64; 3] {
    let [r, g, b] = ink.map(light);
    let l = libm::cbrt(0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b);
    let m = libm::cbrt(0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b);
    let s = libm::cbrt(0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b);
    [
        0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
    ]
}

/// Back; `None` where no screen shows it.
fn rgb([lightness, a, b]: [f64; 3]) -> Option<Rgb> {
    let cube = |x: f64| x * x * x;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548 * b);
    let parts = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ];
    let shown = parts.iter().all(|part| (-1e-4..=1.0001).contains(part));
    let part = |light: f64| {
        let share = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * libm::pow(light, 1.0 / 2.4) - 0.055 };
        (255.0 * share).round().clamp(0.0, 255.0) as u8
    };
    shown.then(|| parts.map(part))
}

#[cfg(test)]
mod tests {
    use plotters::style::RGBColor;

    use super::*;
    use crate::figure::{GREY, categorical, sequential, shade};

    fn of(ink: RGBColor) -> Rgb {
        [ink.0, ink.1, ink.2]
    }

    /// As the Web Content Accessibility Guidelines have it.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |ink: Rgb| {
            let [r, g, b] = ink.map(light);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    fn distance(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (oklab(a), oklab(b));
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    fn inks() -> Vec<Rgb> {
        let kinds = (0..6).map(categorical);
        let magnitudes = (1..12).flat_map(|count| (0..count).map(move |i| sequential(i, count)));
        kinds.chain(magnitudes).chain([GREY, RGBColor(130, 130, 130), RGBColor(0, 0, 0), ON_CELLS]).map(of).collect()
    }

    /// Values as published with the definition of Oklab.
    #[test]
    fn colours_go_there_and_back() {
        let red = oklab([255, 0, 0]);
        assert!((red[0] - 0.62796).abs() < 1e-4 && (red[1] - 0.22486).abs() < 1e-4 && (red[2] - 0.12585).abs() < 1e-4);
        assert!(inks().into_iter().chain([WHITE]).all(|ink| rgb(oklab(ink)) == Some(ink)));
        assert!((contrast([0; 3], WHITE) - 21.0).abs() < 1e-9);
        assert_eq!(parsed("#0072B2"), Some([0, 114, 178]));
        assert_eq!((parsed("#07b"), parsed("none"), parsed("#0072é")), (None, None, None));
    }

    /// Every ink is also that of a text somewhere.
    #[test]
    fn every_ink_can_be_read_on_dark_paper_and_keeps_its_hue() {
        for ink in inks() {
            let changed = dark(ink);
            assert!(contrast(changed, PAPER) >= 4.5, "{ink:?} {changed:?} {}", contrast(changed, PAPER));
            let ([_, a0, b0], [_, a1, b1]) = (oklab(ink), oklab(changed));
            let (c0, c1) = (a0.hypot(b0), a1.hypot(b1));
            if c0 > 1e-3 {
                assert!((a0 * a1 + b0 * b1) / (c0 * c1) > 0.995, "{ink:?} {changed:?}");
                assert!(c1 > 0.4 * c0, "{ink:?} {changed:?} is grey");
            }
        }
        // The chart has the colours of kinds as they are, on the page's own paper.
        assert!((0..6).all(|i| contrast(of(categorical(i)), [20, 24, 27]) >= 3.0));
        // Marks on cells keep their colour, also in the legend.
        assert!(contrast(of(ON_CELLS), PAPER) >= 3.0);
        // Where a map is blank it is not taken for its darkest cell.
        assert!(distance(of(shade(0.0)), PAPER) > 0.15 && distance(of(shade(1.0)), WHITE) > 0.15);
    }

    #[test]
    fn what_was_lighter_is_lighter_and_what_differed_differs() {
        for count in 2..12 {
            let scale: Vec<Rgb> = (0..count).map(|i| dark(of(sequential(i, count)))).collect();
            assert!(scale.windows(2).all(|pair| oklab(pair[0])[0] < oklab(pair[1])[0]), "{scale:?}");
            assert!(scale.windows(2).all(|pair| contrast(pair[0], PAPER) < contrast(pair[1], PAPER)), "{scale:?}");
        }
        let kinds: Vec<Rgb> = (0..6).map(|i| dark(of(categorical(i)))).collect();
        for (i, a) in kinds.iter().enumerate() {
            assert!(kinds[..i].iter().all(|b| distance(*a, *b) > 0.09), "{kinds:?}");
        }
        // Black stands out most, greys as they did.
        let greys = [0, 90, 130].map(|part| contrast(dark([part; 3]), PAPER));
        assert!(greys[0] > 12.0 && greys[0] > greys[1] && greys[1] > greys[2], "{greys:?}");
        let different: BTreeSet<Rgb> = inks().into_iter().collect();
        assert_eq!(different.iter().map(|ink| dark(*ink)).collect::<BTreeSet<_>>().len(), different.len());
    }

    #[test]
    fn cells_keep_their_colours_and_everything_else_has_a_rule() {
        let svg = r##"<svg><rect fill="#FFFFFF" stroke="none"/><rect fill="#440154" stroke="none"/>
            <polygon opacity="1" fill="#D53C00"/><polygon fill="#FFFFFF"/><polygon opacity="0.18" fill="#009E73"/>
            <polyline fill="none" stroke="#0072B2"/><text fill="#000000">#123456</text></svg>"##;
        let style = style([svg].into_iter());
        let rules: Vec<&str> = style.lines().collect();
        assert_eq!(rules[0], "@media screen and (prefers-color-scheme: dark) {");
        for rule in [
            ".picture { background: #0e1215; }",
            ".picture [fill=\"#FFFFFF\"] { fill: #0e1215; }",
            &format!(".picture [stroke=\"#0072B2\"] {{ stroke: {}; }}", hex(dark([0, 114, 178]))),
            &format!(".picture :not(rect)[fill=\"#009E73\"] {{ fill: {}; }}", hex(dark([0, 158, 115]))),
            &format!(".picture :not(rect)[fill=\"#000000\"] {{ fill: {}; }}", hex(dark([0; 3]))),
            &format!(".picture text[fill=\"#D53C00\"] {{ fill: {}; }}", hex(dark(of(ON_CELLS)))),
        ] {
            assert!(rules.contains(&rule), "{rule}\n{style}");
        }
        assert!(!style.contains("440154") && !style.contains("123456"), "{style}");
    }
}
