//! Who may log in, and to what: users from the start, and steps that change them.

use std::{collections::BTreeMap, ops::Range};

use super::Check;
use crate::scenario::{
    ChangePassword, ProblemKind, ROOT, User,
    file::{ChangePasswordTable, TextOr, UserTable},
    placed::Placed,
    problem::Named,
};

impl Check {
    /// The users that are there from the start.
    pub(super) fn users(&mut self, tables: &[UserTable], queue: &str) -> Vec<User> {
        let mut names: BTreeMap<&str, Range<usize>> = BTreeMap::new();
        let mut users = Vec::new();
        for table in tables {
            users.push(self.user(table, queue));
            let (name, span) = (table.name.get().as_str(), table.name.span());
            match names.get(name) {
                Some(first) => {
                    let kind = ProblemKind::SameUser { name: name.to_owned(), first: Some(first.clone()) };
                    self.wrong(span, kind);
                }
                None => drop(names.insert(name, span)),
            }
        }
        users
    }

    /// A user that a step adds.
    pub(super) fn added_user(&mut self, written: &Placed<TextOr<String, UserTable>>, queue: &str) -> User {
        match written.get() {
            TextOr::Table(table) => self.user(table, queue),
            TextOr::Text(name) => {
                self.user_name(name, written.span());
                User { name: name.clone(), password: name.clone(), prefixes: vec![queue.to_owned()] }
            }
        }
    }

    /// Another password, for a user that there is.
    pub(super) fn change_password(&mut self, table: &ChangePasswordTable) -> ChangePassword {
        let ChangePasswordTable { user, password } = table;
        ChangePassword { user: self.name(Named::User, user), password: self.some_text("password", password) }
    }

    fn user(&mut self, UserTable { name, password, prefixes }: &UserTable, queue: &str) -> User {
        self.user_name(name.get(), name.span());
        let password = password.as_ref().map(|password| self.some_text("password", password));
        let prefixes = prefixes.as_ref().map(|prefixes| {
            prefixes.iter().map(|prefix| self.some_text("prefixes", prefix)).collect::<Vec<_>>()
        });
        User {
            name: name.get().clone(),
            password: password.unwrap_or_else(|| name.get().clone()),
            prefixes: prefixes.unwrap_or_else(|| vec![queue.to_owned()]),
        }
    }

    fn user_name(&mut self, name: &str, span: Range<usize>) {
        if name.trim().is_empty() {
            self.wrong(span, ProblemKind::Empty("name"));
        } else if name == ROOT {
            self.wrong(span, ProblemKind::SameUser { name: name.to_owned(), first: None });
        }
    }
}
