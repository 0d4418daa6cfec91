//! A figure as PDF, for LaTeX.
//!
//! The text is set in a font that is part of the program, and embedded, so that the bytes are the same
//! on every machine and no machine needs fonts.

use std::sync::{Arc, LazyLock};

use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use usvg::fontdb::{Database, Source};

/// The font.
const FAMILY: &str = "Noto Sans";
/// 96 pixels of an SVG are 72 points of a PDF.
const POINTS: f32 = 0.75;

/// The one font; those of the machine are never looked for.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_source(Source::Binary(Arc::new(notosans::REGULAR_TTF)));
    // Text of a family that is not found would be left out.
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    Arc::new(fonts)
});

/// The figure as a page of its own size; `None` if it is no SVG, or has a letter that the font lacks.
#[must_use]
pub fn pdf(svg: &str) -> Option<Vec<u8>> {
    let options =
        usvg::Options { fontdb: Arc::clone(&FONTS), font_family: FAMILY.to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).ok()?;
    if lacks_a_letter(tree.root()) {
        return None;
    }
    let size = Size::from_wh(POINTS * tree.size().width(), POINTS * tree.size().height())?;
    let mut document = krilla::Document::new();
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    surface.draw_svg(&tree, size, SvgSettings::default())?;
    surface.finish();
    page.finish();
    document.finish().ok()
}

/// Whether some letter would be an empty box.
fn lacks_a_letter(group: &usvg::Group) -> bool {
    group.children().iter().any(|node| match node {
        usvg::Node::Group(group) => lacks_a_letter(group),
        usvg::Node::Text(text) => {
            text.layouted().iter().flat_map(|span| &span.positioned_glyphs).any(|glyph| glyph.id.0 == 0)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(text: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"40\"><text x=\"5\" y=\"20\" font-family=\"sans-serif\">{text}</text></svg>"
        )
    }

    #[test]
    fn a_figure_becomes_the_same_page_each_time() {
        let page = pdf(&svg("λ = 0.003, α − θ")).unwrap();
        assert!(page.starts_with(b"%PDF-1.") && page.windows(8).any(|w| w == b"NotoSans"), "the font is embedded");
        assert_eq!(pdf(&svg("λ = 0.003, α − θ")), Some(page));
        assert_eq!(pdf("no picture"), None);
        assert_eq!(pdf(&svg("漢")), None, "rather none than one with boxes");
    }
}
