//! What an expression is, and its value.

use std::ops::Range;

/// Numbers that differ by less than this share of the larger are equal.
const SAME: f64 = 1e-12;

/// `x` with thirteen significant figures: the last three of a double are where 0.1 + 0.2 and 0.3
/// differ, which mean the same. Whole numbers are exact and stay as they are.
#[must_use]
pub fn significant(x: f64) -> f64 {
    if x.fract() == 0.0 { x } else { format!("{x:.12e}").parse().unwrap_or(x) }
}

/// Whether comparisons take two numbers as equal.
fn same(x: f64, y: f64) -> bool {
    // Infinities are equal to themselves only.
    x == y || ((x - y).is_finite() && (x - y).abs() < SAME * x.abs().max(y.abs()))
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub(super) root: Term,
}

/// What is wrong with an expression, and at which bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub range: Range<usize>,
}

/// Whether an expression is a number or a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// True or false.
    Condition,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Condition => "a condition",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Number(f64),
    Name(String),
    Unary(Unary, Box<Term>),
    Binary(Binary, Box<Term>, Box<Term>),
    Call(Function, Vec<Term>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Minus,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Min,
    Max,
    Sqrt,
    Ln,
    Log2,
    Round,
    Floor,
    Ceil,
}

pub(super) const FUNCTIONS: [(&str, Function); 8] = [
    ("min", Function::Min),
    ("max", Function::Max),
    ("sqrt", Function::Sqrt),
    ("ln", Function::Ln),
    ("log2", Function::Log2),
    ("round", Function::Round),
    ("floor", Function::Floor),
    ("ceil", Function::Ceil),
];

impl Expression {
    /// The names it uses.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.root, &mut names);
        names
    }

    /// Its value; `name` gives the value of each name. Conditions are 1 or 0, or NaN if something
    /// in them is no number.
    pub fn evaluate(&self, name: &impl Fn(&str) -> f64) -> f64 {
        evaluate(&self.root, name)
    }
}

fn collect<'t>(term: &'t Term, names: &mut Vec<&'t str>) {
    match term {
        Term::Number(_) => {}
        Term::Name(name) => names.push(name),
        Term::Unary(_, x) => collect(x, names),
        Term::Binary(_, x, y) => {
            collect(x, names);
            collect(y, names);
        }
        Term::Call(_, arguments) => arguments.iter().for_each(|x| collect(x, names)),
    }
}

fn evaluate(term: &Term, name: &impl Fn(&str) -> f64) -> f64 {
    match term {
        Term::Number(x) => *x,
        Term::Name(n) => name(n),
        Term::Unary(Unary::Minus, x) => -evaluate(x, name),
        Term::Unary(Unary::Not, x) => 1.0 - evaluate(x, name),
        Term::Binary(operation, x, y) => binary(*operation, evaluate(x, name), evaluate(y, name)),
        Term::Call(function, arguments) => {
            let mut values = arguments.iter().map(|x| evaluate(x, name));
            let first = values.next().unwrap_or(f64::NAN);
            match function {
                Function::Min => values.fold(first, |x, y| unless_nan(x, y, x.min(y))),
                Function::Max => values.fold(first, |x, y| unless_nan(x, y, x.max(y))),
                Function::Sqrt => first.sqrt(),
                Function::Ln => libm::log(first),
                Function::Log2 => libm::log2(first),
                Function::Round => first.round(),
                Function::Floor => first.floor(),
                Function::Ceil => first.ceil(),
            }
        }
    }
}

fn binary(operation: Binary, x: f64, y: f64) -> f64 {
    let truth = |condition: bool| unless_nan(x, y, f64::from(u8::from(condition)));
    match operation {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        // 1^NaN and NaN^0 would be 1.
        Binary::Power => unless_nan(x, y, libm::pow(x, y)),
        Binary::Less => truth(x < y && !same(x, y)),
        Binary::LessEqual => truth(x <= y || same(x, y)),
        Binary::Greater => truth(x > y && !same(x, y)),
        Binary::GreaterEqual => truth(x >= y || same(x, y)),
        Binary::Equal => truth(same(x, y)),
        Binary::NotEqual => truth(!same(x, y)),
        Binary::And => x * y,
        Binary::Or => unless_nan(x, y, x.max(y)),
    }
}

/// `value`, unless `x` or `y` is no number.
fn unless_nan(x: f64, y: f64, value: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> f64 {
        let names = |name: &str| match name {
            "N" => 3.0,
            "T" => 64.0,
            _ => 0.5,
        };
        Expression::parse(text, Kind::Number).unwrap().evaluate(&names)
    }

    fn condition(text: &str) -> bool {
        Expression::parse(text, Kind::Condition).unwrap().evaluate(&|_| 2.0) == 1.0
    }

    #[test]
    fn arithmetic_has_the_usual_precedence() {
        let cases = [
            ("1+2*3", 7.0),
            ("(1+2)*3", 9.0),
            ("T/4/2", 8.0),
            ("10-3-2", 5.0),
            ("2^3^2", 512.0),
            ("-2^2", -4.0),
            ("2^-1", 0.5),
            ("--3", 3.0),
            ("1e3 + 2.5E-1", 1000.25),
            ("min(T, 100, N*2)", 6.0),
            ("max(1, sqrt(T))", 8.0),
            ("log2(T) + ln(1) + round(2.5) + floor(2.9) + ceil(2.1)", 14.0),
            ("eta_boost/2", 0.25),
        ];
        for (text, value) in cases {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn conditions_combine() {
        assert!(condition("Q <= N && T >= 2 || Q > 5"));
        assert!(!condition("!(Q == 2)"));
        assert!(condition("1 != 2 && 2 < 3 && (3 > 2 || 1 > 2)"));
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for text in [
            "max(8, sqrt(40 - T))",
            "min(sqrt(40 - T), 8)",
            "max(1, 0/0, 2)",
            "sqrt(40 - T)^0",
            "1^(0/0)",
            "round(0/0)",
        ] {
            assert!(number(text).is_nan(), "{text}");
        }
        let texts = ["0/0 == 1", "0/0 != 1", "1 < ln(-1)", "!(sqrt(-Q) > 2)", "Q > 3 && 0/0 > 1", "Q == 2 || 0/0 > 1"];
        for text in texts {
            assert!(Expression::parse(text, Kind::Condition).unwrap().evaluate(&|_| 2.0).is_nan(), "{text}");
        }
    }

    #[test]
    fn numbers_that_differ_by_rounding_are_equal() {
        for text in ["0.1 == 0.3/3", "0.2 == 0.6/3", "0.1 + 0.2 <= 0.3", "0.3 >= 0.1 + 0.2", "1/0 == 2/0", "0 == -0"] {
            assert!(condition(text), "{text}");
        }
        for text in ["0.1 != 0.3/3", "0.1 + 0.2 > 0.3", "0.3/3 < 0.1", "1/0 == 5", "0 == 1e-300", "1 == 1 + 1e-11"] {
            assert!(!condition(text), "{text}");
        }
        assert!(condition("5 < 1/0") && condition("1 < 1 + 1e-11") && condition("-1/0 < 1/0"));
    }

    #[test]
    fn thirteen_figures_mean_the_number() {
        let cases = [
            (0.3 / 3.0, 0.1),
            (0.1 + 0.2, 0.3),
            (1.0 / 3.0, 0.333_333_333_333_3),
            (1e14 + 1.0, 1e14 + 1.0),
            (-2e-9 / 3.0, -6.666_666_666_667e-10),
            (f64::INFINITY, f64::INFINITY),
        ];
        for (x, y) in cases {
            assert_eq!(significant(x), y);
        }
        assert!(significant(f64::NAN).is_nan());
    }

    #[test]
    fn names_are_listed() {
        let names = Expression::parse("min(T, N) / eta_boost + T", Kind::Number).unwrap();
        assert_eq!(names.names(), ["T", "N", "eta_boost", "T"]);
    }
}
