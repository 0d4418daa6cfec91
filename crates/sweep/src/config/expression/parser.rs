//! From a text to an expression, by descent through the grammar.

use std::ops::Range;

use crate::config::expression::tokens::{Token, tokens};
use crate::config::expression::tree::{Binary, Expression, ExpressionError, FUNCTIONS, Function, Kind, Term, Unary};

/// Brackets and signs may nest this deep.
const MAX_DEPTH: usize = 64;
/// An expression has at most this many numbers, names and signs.
const MAX_TOKENS: usize = 1000;

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
}
