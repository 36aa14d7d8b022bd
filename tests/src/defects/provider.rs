//! Plain calls of the template cloud, for defects that the driver's own methods cannot show.

use machine_driver::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The provider of a machine.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    authority: String,
    token: String,
}

impl Provider {
    /// As the record has it.
    pub(super) fn of(record: &Map<String, Value>) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { authority: text("Endpoint").replace("http://", ""), token: text("Token") }
    }

    /// Sends one request: status and body of the answer.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = format!(
            "{method} /v1/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.authority,
            self.token,
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(&self.authority).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let answer = exchange.await.map_err(|error| Error::new(ErrorKind::Connection, error.to_string()))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        Ok((status.unwrap_or_default(), serde_json::from_str(body).unwrap_or_default()))
    }

    /// Objects of a collection with a name.
    pub(super) async fn named(&self, collection: &str, name: &str) -> Result<Vec<Value>> {
        let mut objects = self.all(collection).await?;
        objects.retain(|object| object["name"] == name);
        Ok(objects)
    }

    /// All objects of a collection, as far as they fit on the first page.
    pub(super) async fn all(&self, collection: &str) -> Result<Vec<Value>> {
        let (_, page) = self.call("GET", collection, None).await?;
        Ok(page[collection].as_array().cloned().unwrap_or_default())
    }

    /// Deletes all objects of a collection with a name.
    pub(super) async fn delete_named(&self, collection: &str, name: &str) -> Result<()> {
        for object in self.named(collection, name).await? {
            let id = object["id"].as_str().unwrap_or_default();
            self.call("DELETE", &format!("{collection}/{id}"), None).await?;
        }
        Ok(())
    }
}
