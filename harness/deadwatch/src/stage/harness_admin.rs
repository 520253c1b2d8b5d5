//! What a step has the harness do to the etcd itself: keys that are no items, compactions, users, barriers, locks.

use etcd_client::{AlarmAction, AlarmOptions, AlarmType, DeleteOptions, Error};
use tonic::Code;

use super::{
    harness_client::{HarnessClient, Repeat, Unserved},
    harness_queue::filled,
};
use crate::{
    etcd::{self, Credentials},
    scenario::{ChangePassword, Delete, Put, User},
};

impl HarnessClient {
    /// Writes a key, as often as it says.
    pub(super) async fn put(&self, put: &Put) -> Result<(), Unserved> {
        let value = filled(&put.value, put.bytes);
        for _ in 0..put.count {
            self.write_key(&put.key, &value).await?;
        }
        Ok(())
    }

    /// Writes a key once.
    pub(super) async fn write_key(&self, key: &str, value: &str) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move { client.put(key, value, None).await }).await?;
        Ok(())
    }

    /// Deletes keys; none being there is fine.
    pub(super) async fn delete(&self, delete: &Delete) -> Result<(), Unserved> {
        let (key, options) = match delete {
            Delete::Key(key) => (key, DeleteOptions::new()),
            Delete::Prefix(prefix) => (prefix, DeleteOptions::new().with_prefix()),
        };
        self.serve(Repeat::Safe, |mut client| {
            let options = options.clone();
            async move { client.delete(key.as_str(), Some(options)).await }
        })
        .await?;
        Ok(())
    }

    /// Compacts the history up to the current revision.
    pub(super) async fn compact(&self) -> Result<(), Unserved> {
        let read = self
            .serve(Repeat::Safe, |mut client| async move { client.get("deadwatch/", None).await })
            .await?;
        let revision = read.header().map_or(0, etcd_client::ResponseHeader::revision);
        self.serve(Repeat::Safe, |mut client| async move {
            unless(client.compact(revision, None).await, "required revision has been compacted")
        })
        .await
    }

    /// Gives back what compactions have freed, and clears every alarm there is.
    pub(super) async fn defragment(&self) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move { client.defragment().await }).await?;
        let (get, clear) = (AlarmAction::Get, AlarmAction::Deactivate);
        let raised = self
            .serve(Repeat::Safe, |mut client| async move { client.alarm(get, AlarmType::None, None).await });
        for alarm in raised.await?.alarms() {
            let (member, alarm) = (alarm.member_id(), alarm.alarm());
            self.serve(Repeat::Safe, |mut client| async move {
                let mut of_member = AlarmOptions::new();
                of_member.with_member(member);
                client.alarm(clear, alarm, Some(of_member)).await
            })
            .await?;
        }
        Ok(())
    }

    /// Adds a user, and a role of its name that may read and write its prefixes.
    pub(super) async fn add_user(&self, user: &User) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move {
            etcd::make_users(&mut client, std::slice::from_ref(user)).await
        })
        .await
    }

    /// Gives a user another password; if it is the harness's own, it goes on with that.
    pub(super) async fn change_password(&self, change: &ChangePassword) -> Result<(), Unserved> {
        let ChangePassword { user, password } = change;
        self.serve(Repeat::Safe, |mut client| async move {
            client.user_change_password(user.as_str(), password.as_str()).await
        })
        .await?;
        match self.credentials().await {
            Some(own) if own.user == *user => {
                self.become_user(Some(Credentials { password: password.clone(), ..own })).await
            }
            _ => Ok(()),
        }
    }

    /// Deletes a user.
    pub(super) async fn delete_user(&self, user: &str) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move {
            unless(client.user_delete(user).await, "user name not found")
        })
        .await
    }

    /// Takes from a user the role of its name.
    pub(super) async fn revoke_role(&self, user: &str) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move {
            unless(client.user_revoke_role(user, user).await, "role is not granted to the user")
        })
        .await
    }

    /// Makes the user `root` if there is none, and switches authentication on.
    pub(super) async fn enable_auth(&self) -> Result<(), Unserved> {
        let root = Credentials::root();
        let made = &root;
        self.serve(Repeat::Safe, |mut client| async move {
            unless(etcd::switch_on(&mut client, made).await, "user name is empty")
        })
        .await?;
        self.become_user(Some(root)).await
    }

    /// Switches authentication off.
    pub(super) async fn disable_auth(&self) -> Result<(), Unserved> {
        self.serve(Repeat::Safe, |mut client| async move {
            unless(client.auth_disable().await, "authentication is not enabled")
        })
        .await?;
        self.become_user(None).await
    }
}

/// An error with this text means that an earlier attempt did it, whose answer was lost.
fn unless<T>(answer: Result<T, Error>, done_already: &str) -> Result<(), Error> {
    match answer {
        Ok(_) => Ok(()),
        Err(Error::GRpcStatus(status))
            if status.code() != Code::Unavailable && status.message().contains(done_already) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
