//! The `docker` command line, as far as provisioners use it.

use super::Call;
use crate::guest::{GuestOs, engine};

pub(super) fn docker(call: &mut Call<'_>) -> u8 {
    let (version, api_version) = engine::versions(call.state.os);
    if call.has_long("--version") || call.has('v') {
        call.line(format!("Docker version {version}, build 0000000"));
        return 0;
    }
    let operands = call.operands();
    let running = call.state.boot.as_ref().is_some_and(|boot| boot.engine.is_some());
    let command = operands.first().copied().unwrap_or_default();
    if command == "version" {
        call.print(format!(
            "Client: Docker Engine - Community\n Version:           {version}\n API version:       {}\n OS/Arch:           \
             linux/amd64\n",
            api_version
        ));
    }
    if !matches!(command, "version" | "info" | "ps" | "images" | "pull" | "run") {
        call.print("\nUsage:  docker [OPTIONS] COMMAND\n");
        return u8::from(!command.is_empty());
    }
    if !running {
        return call.fail(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        );
    }
    // The socket belongs to root; there are no groups here.
    if !call.is_root() && call.state.os != GuestOs::Boot2Docker {
        return call.fail(
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
        );
    }
    match command {
        "version" => call.print(format!(
            "\nServer: Docker Engine - Community\n Engine:\n  Version:          {version}\n  OS/Arch:          \
             linux/amd64\n"
        )),
        "info" => call.print(format!("Server:\n Containers: 0\n Server Version: {version}\n")),
        "ps" => call.line("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES"),
        "images" => call.line("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE"),
        _ => {
            call.fail("docker: the simulated engine has no registry and runs no containers.");
            return 125;
        }
    }
    0
}

pub(super) fn dockerd(call: &mut Call<'_>) -> u8 {
    if call.has_long("--version") || call.has('v') {
        return docker(call);
    }
    call.fail("dockerd: start it through the service manager")
}
