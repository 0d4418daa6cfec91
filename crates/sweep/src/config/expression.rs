//! Arithmetic in a config: `"T/4"`, `"min(64, N*Q)"`, `"Q <= N && T >= 4*Q"`.
//!
//! ```text
//! or      = and { "||" and }             and = comparison { "&&" comparison }
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum     = product { ("+" | "-") product }      product = unary { ("*" | "/") unary }
//! unary   = ("-" | "!") unary | power            power = atom [ "^" unary ]
//! atom    = number | name | function "(" or { "," or } ")" | "(" or ")"
//! ```
//!
//! Functions: `min`, `max` (two or more arguments), `sqrt`, `ln`, `log2`, `round`, `floor`, `ceil`. Numbers are
//! doubles; a comparison is a condition, and conditions and numbers do not mix.
//!
//! - What is no number, such as `sqrt(-1)` or `0/0`, makes everything it enters no number: also `min`, `max`, `^`, a comparison,
//!   and `&&` and `||` whatever their other side is. Whoever asked then complains.
//! - Comparisons take two numbers as equal that differ by less than 1e-12 of the larger: `0.1 == 0.3/3`, and `0.3/3 < 0.1`
//!   is false.
//! - The value of an expression that stands for a number keeps thirteen significant figures ([`significant`]), whole numbers
//!   all of theirs: `0.3/3` is 0.1.

use std::ops::Range;

/// Brackets and signs may nest this deep.
const MAX_DEPTH: usize = 64;

/// An expression has at most this many numbers, names and signs.
const MAX_TOKENS: usize = 1000;

/// Numbers that differ by less than this share of the larger are equal.
const SAME: f64 = 1e-12;

/// `x` with thirteen significant figures: the last three of a double are where 0.1 + 0.2 and 0.3 differ, which mean the same.
/// Whole numbers are exact and stay as they are.
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
    root: Term,
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
    fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Condition => "a condition",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Number(f64),
    Name(String),
    Unary(Unary, Box<Term>),
    Binary(Binary, Box<Term>, Box<Term>),
    Call(Function, Vec<Term>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unary {
    Minus,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
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
enum Function {
    Min,
    Max,
    Sqrt,
    Ln,
    Log2,
    Round,
    Floor,
    Ceil,
}

const FUNCTIONS: [(&str, Function); 8] = [
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
    /// Parses `text`, which must be of `kind`.
    ///
    /// # Errors
    /// Where it cannot be read, or is of the other kind.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, ExpressionError> {
        let tokens = tokens(text)?;
        if let Some((_, range)) = tokens.get(MAX_TOKENS) {
            let message = format!("longer than {MAX_TOKENS} numbers, names and signs");
            return Err(ExpressionError { message, range: range.clone() });
        }
        let mut parser = Parser { tokens, at: 0, depth: 0, end: text.len() };
        let root = parser.or()?;
        if let Some((token, range)) = parser.peek() {
            return Err(ExpressionError { message: format!("`{token}` is not expected here"), range: range.clone() });
        }
        if root.1 != kind {
            let message = format!("this is {}, but {} is needed", root.1.name(), kind.name());
            return Err(ExpressionError { message, range: 0..text.len() });
        }
        Ok(Self { root: root.0 })
    }

    /// The names it uses.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.root, &mut names);
        names
    }

    /// Its value; `name` gives the value of each name. Conditions are 1 or 0, or NaN if something in them is no number.
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

/// The text of an expression with other names in it.
pub(crate) fn renamed<'n>(text: &'n str, name: impl Fn(&'n str) -> &'n str) -> String {
    let Ok(tokens) = tokens(text) else { return text.to_owned() };
    let (mut renamed, mut at) = (String::new(), 0);
    for (token, range) in tokens {
        renamed += &text[at..range.start];
        renamed += name(token);
        at = range.end;
    }
    renamed + &text[at..]
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

type Token<'s> = (&'s str, Range<usize>);

fn tokens(text: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { break };
        // As other languages have it.
        for (foreign, ours) in [("**", "a power is written `^`"), ("//", "write floor(a/b) for whole division")] {
            if rest.starts_with(foreign) {
                return Err(ExpressionError { message: ours.to_owned(), range: start..start + foreign.len() });
            }
        }
        let length = if first.is_ascii_digit() || first == '.' {
            number_length(rest)
        } else if first.is_alphabetic() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if ["<=", ">=", "==", "!=", "&&", "||"].iter().any(|op| rest.starts_with(op)) {
            2
        } else if "+-*/^()<>,!".contains(first) {
            1
        } else {
            let range = start..start + first.len_utf8();
            return Err(ExpressionError { message: format!("`{first}` has no meaning here"), range });
        };
        tokens.push((&rest[..length], start..start + length));
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Digits, a point, an exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let mantissa = digits(0);
    if !matches!(bytes.get(mantissa), Some(b'e' | b'E')) {
        return mantissa;
    }
    let sign = usize::from(matches!(bytes.get(mantissa + 1), Some(b'+' | b'-')));
    let exponent = digits(mantissa + 1 + sign);
    if exponent == 0 { mantissa } else { mantissa + 1 + sign + exponent }
}

struct Parser<'s> {
    tokens: Vec<Token<'s>>,
    at: usize,
    depth: usize,
    end: usize,
}

type Parsed = Result<(Term, Kind), ExpressionError>;

impl<'s> Parser<'s> {
    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at)
    }

    fn here(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |(_, range)| range.clone())
    }

    fn take(&mut self, wanted: &[&str]) -> Option<&'s str> {
        let token = self.peek().map(|(token, _)| *token).filter(|token| wanted.contains(token))?;
        self.at += 1;
        Some(token)
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, ExpressionError> {
        Err(ExpressionError { message: message.into(), range: self.here() })
    }

    /// A binary operation whose sides are both of `kind`.
    fn join(
        &self,
        operation: Binary,
        (x, y): ((Term, Kind), (Term, Kind)),
        kind: Kind,
        start: usize,
    ) -> Result<Term, ExpressionError> {
        if x.1 != kind || y.1 != kind {
            let end = self.tokens[self.at - 1].1.end;
            return Err(ExpressionError {
                message: format!("both sides must be {}s", &kind.name()[2..]),
                range: start..end,
            });
        }
        Ok(Term::Binary(operation, Box::new(x.0), Box::new(y.0)))
    }

    fn or(&mut self) -> Parsed {
        self.chain(&[("||", Binary::Or)], Kind::Condition, Self::and)
    }

    fn and(&mut self) -> Parsed {
        self.chain(&[("&&", Binary::And)], Kind::Condition, Self::comparison)
    }

    fn comparison(&mut self) -> Parsed {
        let start = self.here().start;
        let left = self.sum()?;
        let Some(operator) = self.take(&["<", "<=", ">", ">=", "==", "!="]) else { return Ok(left) };
        let operation = match operator {
            "<" => Binary::Less,
            "<=" => Binary::LessEqual,
            ">" => Binary::Greater,
            ">=" => Binary::GreaterEqual,
            "==" => Binary::Equal,
            _ => Binary::NotEqual,
        };
        let right = self.sum()?;
        Ok((self.join(operation, (left, right), Kind::Number, start)?, Kind::Condition))
    }

    fn sum(&mut self) -> Parsed {
        self.chain(&[("+", Binary::Add), ("-", Binary::Subtract)], Kind::Number, Self::product)
    }

    fn product(&mut self) -> Parsed {
        self.chain(&[("*", Binary::Multiply), ("/", Binary::Divide)], Kind::Number, Self::unary)
    }

    /// Left-associative operations of one rank, on sides of `kind`.
    fn chain(&mut self, operations: &[(&str, Binary)], kind: Kind, side: fn(&mut Self) -> Parsed) -> Parsed {
        let start = self.here().start;
        let symbols: Vec<&str> = operations.iter().map(|(symbol, _)| *symbol).collect();
        let mut left = side(self)?;
        while let Some(symbol) = self.take(&symbols) {
            let right = side(self)?;
            let operation = operations.iter().find(|(s, _)| *s == symbol).map_or(Binary::Add, |(_, b)| *b);
            left = (self.join(operation, (left, right), kind, start)?, kind);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.wrong(format!("nested more than {MAX_DEPTH} deep"));
        }
        let start = self.here().start;
        let parsed = match self.take(&["-", "!"]) {
            Some(sign) => {
                let (operation, kind) =
                    if sign == "-" { (Unary::Minus, Kind::Number) } else { (Unary::Not, Kind::Condition) };
                let (term, found) = self.unary()?;
                if found != kind {
                    let message = format!("`{sign}` needs {}", kind.name());
                    return Err(ExpressionError { message, range: start..start + 1 });
                }
                Ok((Term::Unary(operation, Box::new(term)), kind))
            }
            None => self.power(),
        };
        self.depth -= 1;
        parsed
    }

    fn power(&mut self) -> Parsed {
        let start = self.here().start;
        let base = self.atom()?;
        if self.take(&["^"]).is_none() {
            return Ok(base);
        }
        let exponent = self.unary()?;
        Ok((self.join(Binary::Power, (base, exponent), Kind::Number, start)?, Kind::Number))
    }

    fn atom(&mut self) -> Parsed {
        let Some((token, range)) = self.peek().cloned() else {
            return self.wrong("something is missing here");
        };
        self.at += 1;
        let first = token.as_bytes()[0];
        if first.is_ascii_digit() || first == b'.' {
            return match token.parse() {
                Ok(number) => Ok((Term::Number(number), Kind::Number)),
                Err(_) => Err(ExpressionError { message: format!("`{token}` is no number"), range }),
            };
        }
        if token == "(" {
            let inner = self.or()?;
            return if self.take(&[")"]).is_some() { Ok(inner) } else { self.wrong("a `)` is missing here") };
        }
        if !(token.starts_with(char::is_alphabetic) || first == b'_') {
            return Err(ExpressionError { message: format!("`{token}` is not expected here"), range });
        }
        if self.take(&["("]).is_none() {
            return Ok((Term::Name(token.to_owned()), Kind::Number));
        }
        let Some(&(_, function)) = FUNCTIONS.iter().find(|(name, _)| *name == token) else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no function `{token}`; there are {}", names.join(", "));
            return Err(ExpressionError { message, range });
        };
        let mut arguments = Vec::new();
        loop {
            let start = self.here();
            let (term, kind) = self.or()?;
            if kind != Kind::Number {
                return Err(ExpressionError { message: "a function needs numbers".to_owned(), range: start });
            }
            arguments.push(term);
            if self.take(&[","]).is_none() {
                break;
            }
        }
        if self.take(&[")"]).is_none() {
            return self.wrong("a `)` is missing here");
        }
        let many = matches!(function, Function::Min | Function::Max);
        if many == (arguments.len() == 1) || (!many && arguments.len() > 1) {
            let count = if many { "two or more arguments" } else { "one argument" };
            return Err(ExpressionError { message: format!("`{token}` takes {count}"), range });
        }
        Ok((Term::Call(function, arguments), Kind::Number))
    }
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
    fn mistakes_are_located() {
        let cases = [
            ("T/", Kind::Number, 2..2),
            ("(T", Kind::Number, 2..2),
            ("T 4", Kind::Number, 2..3),
            ("T % 4", Kind::Number, 2..3),
            ("sin(T)", Kind::Number, 0..3),
            ("min(T)", Kind::Number, 0..3),
            ("T < 4", Kind::Number, 0..5),
            ("T", Kind::Condition, 0..1),
            ("(T < 4) + 1", Kind::Number, 0..11),
            ("1 < 2 < 3", Kind::Condition, 6..7),
            ("", Kind::Number, 0..0),
            ("1.2.3", Kind::Number, 0..5),
            ("é", Kind::Condition, 0..2),
        ];
        for (text, kind, range) in cases {
            assert_eq!(Expression::parse(text, kind).unwrap_err().range, range, "{text}");
        }
        let deep = "(".repeat(900);
        assert!(Expression::parse(&deep, Kind::Number).unwrap_err().message.contains("nested"));
        let long = "0+".repeat(1_000_000) + "0";
        assert!(Expression::parse(&long, Kind::Number).unwrap_err().message.contains("longer"));
    }

    #[test]
    fn names_are_listed() {
        let names = Expression::parse("min(T, N) / eta_boost + T", Kind::Number).unwrap();
        assert_eq!(names.names(), ["T", "N", "eta_boost", "T"]);
    }
}
