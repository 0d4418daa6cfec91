//! Runs and datasets as NumPy arrays, for those who check them with code of their own.
//!
//! | module | holds |
//! |---|---|
//! | [`arrays`] | what each array is called, its shape, type and meaning |
//! | [`npz`] | arrays and their meanings in one `.npz` file |
//! | [`content`] | the arrays of a task, of a run, of samples |

pub mod arrays;
pub mod content;
pub mod npz;
