//! A figure, ready to be written and shown.

/// A figure, ready to be written and shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name of its file, without `.svg`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What the reader must know to read it.
    pub caption: String,
    /// The picture, one column of a paper wide.
    pub svg: String,
}

/// What a caption says of values for which there was no room: name, how many there are, how many
/// are shown.
pub(super) fn left_out(values: &[(&str, usize, usize)]) -> String {
    let some = values.iter().filter(|(_, all, shown)| shown < all);
    some.map(|(name, all, shown)| format!(" Of {all} values of {name} {shown} are shown.")).collect()
}
