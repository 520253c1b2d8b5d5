//! A message as a tree, read from its derived `Debug`: one reader for all messages there are.

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A number, `true`, `None`, or the name of an enum's value.
    Atom(String),
    /// A string or bytes, still escaped, without its quotes.
    Text(String),
    List(Vec<Tree>),
    /// What stands in one pair of parentheses, and the name before it.
    Wrapped(String, Box<Tree>),
    Record(String, Vec<(String, Tree)>),
}

impl Tree {
    /// Reads what `{:?}` wrote.
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader { rest: text };
        let tree = reader.tree();
        assert!(reader.rest.trim().is_empty(), "expected one message, found {:?} after it", reader.rest);
        tree
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Record(_, fields) => fields.iter().find(|(field, _)| field == name).map(|(_, tree)| tree),
            Self::Wrapped(_, inner) => inner.field(name),
            _ => None,
        }
    }

    /// A field's number.
    pub fn number_of(&self, name: &str) -> Option<i64> {
        match self.field(name)? {
            Self::Atom(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A field's text.
    pub fn text_of(&self, name: &str) -> Option<String> {
        match self.field(name)? {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

struct Reader<'text> {
    rest: &'text str,
}

impl Reader<'_> {
    /// Skips spaces, and takes `token` if it is next.
    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(token).inspect(|rest| self.rest = rest).is_some()
    }

    fn tree(&mut self) -> Tree {
        if self.take("b\"") || self.take("\"") {
            return Tree::Text(self.text());
        }
        if self.take("[") {
            let mut items = Vec::new();
            while !self.take("]") {
                items.push(self.tree());
                self.take(",");
            }
            return Tree::List(items);
        }
        let name = self.word();
        assert!(!name.is_empty(), "expected a value, found {:?}", self.rest);
        if self.take("(") {
            let inner = self.tree();
            assert!(self.take(")"), "expected a closing parenthesis, found {:?}", self.rest);
            return Tree::Wrapped(name, Box::new(inner));
        }
        if !self.take("{") {
            return Tree::Atom(name);
        }
        let mut fields = Vec::new();
        while !self.take("}") {
            let field = self.word().trim_start_matches("r#").to_owned();
            assert!(self.take(":"), "expected a colon after {field}, found {:?}", self.rest);
            fields.push((field, self.tree()));
            self.take(",");
        }
        Tree::Record(name, fields)
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_#-+.".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    /// What stands before the closing quote, which is taken too.
    fn text(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest.find(|c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let end = end.unwrap_or(self.rest.len());
        let text = self.rest[..end].to_owned();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        text
    }
}
