//! Colours: those of Okabe and Ito for kinds and a part of viridis for magnitudes, which
//! colour-blind people tell apart and which differ in lightness.

use plotters::style::RGBColor;

pub(crate) const GREY: RGBColor = RGBColor(90, 90, 90);

const OKABE_ITO: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// The colour of the `i`-th kind.
pub(crate) fn categorical(i: usize) -> RGBColor {
    OKABE_ITO[i % OKABE_ITO.len()]
}

const VIRIDIS: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
];

/// The colour of a share in `[0, 1]`, dark to light.
pub(crate) fn shade(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let i = (place as usize).min(VIRIDIS.len() - 2);
    let between = |a: u8, b: u8| (f64::from(a) + (place - i as f64) * (f64::from(b) - f64::from(a))).round() as u8;
    let ((r0, g0, b0), (r1, g1, b1)) = (VIRIDIS[i], VIRIDIS[i + 1]);
    RGBColor(between(r0, r1), between(g0, g1), between(b0, b1))
}

/// The colour of the `i`-th of `count` magnitudes, without those too light for a line on white.
pub(crate) fn sequential(i: usize, count: usize) -> RGBColor {
    shade(if count < 2 { 0.0 } else { 0.78 * i as f64 / (count - 1) as f64 })
}

/// The colour of what lies on the cells of a map, whatever their shade.
pub(crate) const ON_CELLS: RGBColor = RGBColor(213, 60, 0);
