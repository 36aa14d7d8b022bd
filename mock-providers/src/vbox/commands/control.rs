//! `controlvm`.

use super::{
    At as _, Call, CallSite, Failure, Outcome,
    modify_adapter::{RuleOrder, rule},
    place,
};
use crate::vbox::{
    output::{PROGRESS, usage::Usage},
    state::{Host, MachineState, Uuid, VBoxError, VirtualBox},
};

const USAGE: Usage = Usage::Of("controlvm");

impl Call<'_> {
    pub(super) fn control(&mut self) -> Outcome {
        let (machine, verb, rest) = match self.arguments {
            [machine, verb, rest @ ..] => (machine, verb.as_str(), rest),
            _ => return Err(Failure::syntax(USAGE, "Not enough parameters.")),
        };
        let id = self.find(machine, place::FIND_CONTROL)?;
        let running = self
            .tenant
            .look(|virtual_box| {
                let console = virtual_box.console(id)?;
                let name = virtual_box.machine(id).map(|machine| machine.name.clone());
                Ok((console.map(|machine| machine.state), name.unwrap_or_default()))
            })
            .at(place::LOCK_CONTROL)?;
        let (state, name) = running;
        let Some(state) = state else {
            return Err(Failure::plain(format!("Machine '{name}' is not currently running.")));
        };
        match verb {
            "pause" => self.order(id, place::PAUSE, VirtualBox::pause),
            // What follows, such as `--type headless`, is not looked at.
            "resume" => self.order(id, place::RESUME, VirtualBox::resume),
            "reset" => self.order(id, place::RESET, VirtualBox::reset),
            "poweroff" => {
                self.order(id, place::POWER_DOWN, VirtualBox::power_down)?;
                self.finish(id)
            }
            "savestate" => {
                if state == MachineState::GuruMeditation {
                    return Err(Failure::plain("Machine in invalid state 8 -- guru meditation."));
                }
                self.order(id, place::SAVE_STATE, VirtualBox::save_state)?;
                self.finish(id)
            }
            "acpipowerbutton" => self.order(id, place::POWER_BUTTON, VirtualBox::power_button),
            "acpisleepbutton" => {
                self.order(id, place::SLEEP_BUTTON, |virtual_box, id, _| virtual_box.sleep_button(id))
            }
            _ => match (numbered(verb, "natpf"), numbered(verb, "setlinkstate")) {
                (Some(number), _) => self.forward(id, number, rest),
                (_, Some(number)) => self.link(id, number, rest),
                _ => Err(unknown(verb)),
            },
        }
    }

    fn order(
        &mut self,
        id: Uuid,
        site: CallSite,
        order: impl FnOnce(&mut VirtualBox, Uuid, &mut Host<'_>) -> Result<(), VBoxError>,
    ) -> Outcome {
        self.act(|virtual_box, host| order(virtual_box, id, host)).at(site)
    }

    /// Waits, and shows the bar.
    fn finish(&mut self, id: Uuid) -> Outcome {
        if let Err(error) = self.outcome(id) {
            return Err(self.after_bar(error.into()));
        }
        self.stderr += PROGRESS;
        Ok(())
    }

    fn forward(&mut self, id: Uuid, number: usize, rest: &[String]) -> Outcome {
        let slot = number - 1;
        match rest {
            [verb, name] if verb == "delete" => {
                let removed = self.act(|virtual_box, host| virtual_box.remove_nat_rule(id, slot, name, host));
                removed.at(place::CONTROL_REMOVE_RULE)
            }
            [text] if text != "delete" => match rule(text) {
                RuleOrder::Add(name, rule) => {
                    let added =
                        self.act(|virtual_box, host| virtual_box.add_nat_rule(id, slot, &name, rule, host));
                    added.at(place::CONTROL_ADD_RULE)
                }
                RuleOrder::Incomplete => Err(Failure::Syntax {
                    exit: 1,
                    usage: USAGE,
                    text: format!("Missing or invalid argument to 'natpf{number}'"),
                    is_apart: true,
                }),
                RuleOrder::BadProtocol => Err(Failure::plain(format!(
                    "Wrong rule proto '{text}' specified -- only 'udp' and 'tcp' are allowed."
                ))),
            },
            _ => Err(Failure::Syntax {
                exit: 1,
                usage: USAGE,
                text: format!("Missing argument to 'natpf{number}'"),
                is_apart: true,
            }),
        }
    }

    fn link(&mut self, id: Uuid, number: usize, rest: &[String]) -> Outcome {
        let connected = match rest {
            [word] if word == "on" => true,
            [word] if word == "off" => false,
            [word, ..] => return Err(Failure::plain(format!("Invalid link state '{word}'"))),
            [] => {
                return Err(Failure::Syntax {
                    exit: 1,
                    usage: USAGE,
                    text: format!("Missing argument to 'setlinkstate{number}'"),
                    is_apart: true,
                });
            }
        };
        self.act(|virtual_box, host| virtual_box.set_link(id, number - 1, connected, host))?;
        Ok(())
    }
}

/// The number behind a verb, counted from 1.
fn numbered(verb: &str, stem: &str) -> Option<usize> {
    let number = verb.strip_prefix(stem)?.parse().ok()?;
    (number > 0).then_some(number)
}

fn unknown(verb: &str) -> Failure {
    Failure::Syntax { exit: 1, usage: USAGE, text: format!("Invalid parameter '{verb}'."), is_apart: true }
}
