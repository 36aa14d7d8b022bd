use crate::check::{Check, Need, Stop};

pub(super) const HAPPENS_HERE: Check = Check {
    id: "pre_create::download_happens_here",
    title: "An image that cannot be downloaded is noticed by PreCreateCheck",
    clauses: &["PRE-005"],
    needs: &[Need::Flags, Need::Hypervisor],
    why: "A download takes minutes and fails often; when Create has begun, a failure leaves things to be removed.",
    good: "The server answers 404, and PreCreateCheck fails with that.",
    bad: "PreCreateCheck returns nil, and Create fails with half a machine made.",
    run: |cx| {
        Box::pin(async move {
            let mut options = cx.options()?;
            let mut taken = false;
            for (setting, value) in cx.tenant().missing_image().await? {
                taken |= cx.set_option(&mut options, &setting, &value)?;
            }
            if !taken {
                return Err(Stop::NotApplicable(
                    "the driver has no option for the address of an image".to_owned(),
                ));
            }
            let machine = cx.machine_with(cx.machine_name(), options).await?;
            if machine.configure().await.is_err() {
                return Ok(());
            }
            cx.rule("PRE-005").fails(
                &machine.session().pre_create_check().await,
                "PreCreateCheck with the address of an image that is not there",
            );
            Ok(())
        })
    },
};
