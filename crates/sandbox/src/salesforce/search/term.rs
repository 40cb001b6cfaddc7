//! What to look for: words, phrases and how they are combined, and whether a text has them.
//!
//! Texts are compared word by word, in any case; what separates words is whatever is neither a letter nor a digit. A
//! word matches a whole word; `*` in it stands for any characters, `?` for one. Words side by side must all be there.

/// Most words of a search, and deepest nesting of parentheses in it.
const MAX_WORDS: usize = 100;
const MAX_DEPTH: usize = 20;

/// A search term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// Words that follow one another in a field.
    Phrase(Vec<String>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
}

/// A term that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadTerm(String);

impl Term {
    /// Reads what stands between the braces of a search.
    pub(super) fn parse(text: &str) -> Result<Term, BadTerm> {
        let tokens = tokens(text)?;
        let mut reader = Reader {
            tokens: &tokens,
            depth: 0,
        };
        let term = reader.any()?;
        if !reader.tokens.is_empty() {
            return Err(BadTerm(format!(
                "unexpected ')' in the search term: {text}"
            )));
        }
        Ok(term)
    }

    /// Whether the fields of a record have it.
    pub(super) fn fits(&self, fields: &[Vec<String>]) -> bool {
        match self {
            Term::Phrase(words) => fields.iter().any(|field| has_phrase(field, words)),
            Term::All(terms) => terms.iter().all(|term| term.fits(fields)),
            Term::Any(terms) => terms.iter().any(|term| term.fits(fields)),
            Term::Not(term) => !term.fits(fields),
        }
    }

    /// A SOQL condition that holds for every record that fits, and for others; none when any may fit. It lets an index
    /// or a cheap scan do most of the work.
    pub(super) fn condition(&self, fields: &[&str]) -> Option<String> {
        match self {
            Term::Phrase(words) => {
                let each = words.iter().filter_map(|word| like(word, fields));
                join(each.collect(), " AND ")
            }
            Term::All(terms) => {
                let each = terms.iter().filter_map(|term| term.condition(fields));
                join(each.collect(), " AND ")
            }
            Term::Any(terms) => {
                let each = terms.iter().map(|term| term.condition(fields));
                join(each.collect::<Option<_>>()?, " OR ")
            }
            Term::Not(_) => None,
        }
    }
}

fn join(conditions: Vec<String>, with: &str) -> Option<String> {
    (!conditions.is_empty()).then(|| format!("({})", conditions.join(with)))
}

/// One of the fields has the letters before the word's first wildcard; there are only letters and digits in it.
fn like(word: &str, fields: &[&str]) -> Option<String> {
    let letters = word.split(['*', '?']).next().unwrap_or_default();
    let each = fields
        .iter()
        .map(|field| format!("{field} LIKE '%{letters}%'"));
    (!letters.is_empty()).then(|| join(each.collect(), " OR "))?
}

/// The words of a text, in small letters.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn has_phrase(field: &[String], phrase: &[String]) -> bool {
    let same = |part: &[String]| {
        part.iter()
            .zip(phrase)
            .all(|(word, pattern)| matches(pattern, word))
    };
    field.windows(phrase.len()).any(same)
}

/// Whether a word fits a pattern with `*` and `?`. Takes time in proportion to both lengths multiplied, at most.
fn matches(pattern: &str, word: &str) -> bool {
    let (pattern, word): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), word.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < word.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || *c == word[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((back, taken)) = star else {
                    return false;
                };
                star = Some((back, taken + 1));
                (at, from) = (back + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Phrase(Vec<String>),
}

fn tokens(text: &str) -> Result<Vec<Token>, BadTerm> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let tail = &rest[first.len_utf8()..];
        rest = match first {
            '(' => {
                tokens.push(Token::Open);
                tail
            }
            ')' => {
                tokens.push(Token::Close);
                tail
            }
            '"' => {
                let (phrase, after) = tail.split_once('"').unwrap_or((tail, ""));
                tokens.extend(phrase_of(phrase).map(Token::Phrase));
                after
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                tokens.extend(token_of(word));
                after
            }
        }
        .trim_start();
    }
    let words = |token: &Token| match token {
        Token::Phrase(words) => words.len(),
        _ => 1,
    };
    if tokens.iter().map(words).sum::<usize>() > MAX_WORDS {
        return Err(BadTerm(format!(
            "more than {MAX_WORDS} words in the search term"
        )));
    }
    Ok(tokens)
}

fn token_of(word: &str) -> Option<Token> {
    match word.to_ascii_uppercase().as_str() {
        "AND" => Some(Token::And),
        "OR" => Some(Token::Or),
        "NOT" => Some(Token::Not),
        _ => phrase_of(word).map(Token::Phrase),
    }
}

/// The words of a piece of the term, wildcards kept. Escaped characters are separators like all marks.
fn phrase_of(text: &str) -> Option<Vec<String>> {
    let mut escaped = false;
    let plain: String = text
        .chars()
        .map(|c| {
            let wild = matches!(c, '*' | '?') && !escaped;
            escaped = c == '\\' && !escaped;
            if c.is_alphanumeric() || wild { c } else { ' ' }
        })
        .collect();
    let words: Vec<String> = plain.split_whitespace().map(str::to_lowercase).collect();
    (!words.is_empty()).then_some(words)
}

/// Reads tokens from the left.
struct Reader<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, token: &Token) -> bool {
        let found = self.tokens.first() == Some(token);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn any(&mut self) -> Result<Term, BadTerm> {
        let mut terms = vec![self.all()?];
        while self.take(&Token::Or) {
            terms.push(self.all()?);
        }
        Ok(single(terms, Term::Any))
    }

    fn all(&mut self) -> Result<Term, BadTerm> {
        let mut terms = vec![self.one()?];
        loop {
            let and = self.take(&Token::And);
            match self.tokens.first() {
                None | Some(Token::Close | Token::Or) if !and => break,
                _ => terms.push(self.one()?),
            }
        }
        Ok(single(terms, Term::All))
    }

    fn one(&mut self) -> Result<Term, BadTerm> {
        let missing = || BadTerm("No search term found".to_owned());
        let (first, rest) = self.tokens.split_first().ok_or_else(missing)?;
        match first {
            Token::Phrase(words) => {
                self.tokens = rest;
                Ok(Term::Phrase(words.clone()))
            }
            Token::Not => {
                self.tokens = rest;
                self.deeper(Self::one).map(|term| Term::Not(Box::new(term)))
            }
            Token::Open => {
                self.tokens = rest;
                let term = self.deeper(Self::any)?;
                // A parenthesis that is not closed ends with the term.
                self.take(&Token::Close);
                Ok(term)
            }
            Token::Close | Token::And | Token::Or => Err(missing()),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<Term, BadTerm>) -> Result<Term, BadTerm> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(BadTerm(format!(
                "more than {MAX_DEPTH} levels in the search term"
            )));
        }
        let term = read(self);
        self.depth -= 1;
        term
    }
}

fn single(mut terms: Vec<Term>, many: fn(Vec<Term>) -> Term) -> Term {
    match (terms.len(), terms.pop()) {
        (1, Some(term)) => term,
        (_, last) => {
            terms.extend(last);
            many(terms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(term: &str, text: &str) -> bool {
        let fields: Vec<Vec<String>> = text.split('|').map(words).collect();
        Term::parse(term).expect("a term").fits(&fields)
    }

    #[test]
    fn words_phrases_and_wildcards() {
        let text = "Fenwick Optics|ada.kinsella@fenwick.example";
        for (term, expected) in [
            ("fenwick", true),
            ("FENWICK optics", true),
            ("fen", false),
            ("fen*", true),
            ("*wick", true),
            ("f?nw*k", true),
            ("f?wick", false),
            ("\"fenwick optics\"", true),
            ("\"optics fenwick\"", false),
            ("\"optics ada\"", false),
            ("ada.kinsella@fenwick.example", true),
            ("optics AND NOT lenses", true),
            ("optics and not ada", false),
            ("lenses OR optics", true),
            ("lenses OR optics AND ada", true),
            ("(lenses OR optics) AND orme", false),
            ("lenses ada", false),
            ("*", true),
            ("fen\\*", false),
        ] {
            assert_eq!(fits(term, text), expected, "{term}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let deep = "(".repeat(30) + "a";
        let long = "a ".repeat(101);
        for term in [
            "", "  ", "AND", "a OR", "a AND", "NOT", "()", ")", "a)", "@@", &deep, &long,
        ] {
            assert!(Term::parse(term).is_err(), "{term}");
        }
    }

    #[test]
    fn the_condition_holds_whenever_the_term_fits() {
        let condition = |term: &str| Term::parse(term).expect("a term").condition(&["A", "B"]);
        assert_eq!(
            condition("ada*").as_deref(),
            Some("((A LIKE '%ada%' OR B LIKE '%ada%'))")
        );
        assert_eq!(condition("NOT ada"), None);
        assert_eq!(condition("ada OR *x"), None);
        assert_eq!(
            condition("ada AND NOT x").as_deref(),
            Some("(((A LIKE '%ada%' OR B LIKE '%ada%')))")
        );
    }

    #[test]
    fn matching_takes_no_time_to_speak_of() {
        let pattern = "a*".repeat(50) + "b";
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }
}
