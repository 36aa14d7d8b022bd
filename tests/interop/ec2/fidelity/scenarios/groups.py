"""Security groups and their rules."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, default_group, network, reference

NAME = "groups"
REGION = "us-west-2"
CREATE, DESCRIBE = reference("CreateSecurityGroup"), reference("DescribeSecurityGroups")
AUTHORIZE, REVOKE = reference("AuthorizeSecurityGroupIngress"), reference("RevokeSecurityGroupIngress")
RULES = reference("DescribeSecurityGroupRules")
ANYWHERE = "0.0.0.0/0"


def tcp(port: int, cidr: str = ANYWHERE, **more) -> dict:
    """A permission for one port."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr, **more}]}


def run(recorder: Recorder) -> None:
    vpc, _ = network(recorder)
    group = created(recorder, vpc)
    described(recorder, vpc, group)
    authorized(recorder, group)
    refused(recorder, group)
    egress(recorder, group)
    rules(recorder, group)
    revoked(recorder, group)
    deleted(recorder, vpc, group)


def created(recorder: Recorder, vpc: str) -> str:
    call = recorder.call
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "a"}]}]
    answer = call(
        "create",
        "CreateSecurityGroup",
        Answered(
            {
                "GroupId": "<sg>",
                "Tags[0].Value": "a",
                "SecurityGroupArn": "arn:aws:ec2:us-west-2:<account>:security-group/<sg>",
            }
        ),
        CREATE,
        GroupName="web",
        Description="web servers",
        VpcId=vpc,
        TagSpecifications=tags,
    )
    group = recorder.name(answer("GroupId"), "group web")
    twice = Refused("InvalidGroup.Duplicate", "The security group 'web' already exists for VPC '<vpc>'")
    call("create again", "CreateSecurityGroup", twice, ERRORS, GroupName="web", Description="web servers", VpcId=vpc)
    call("create without name", "CreateSecurityGroup", Refused("MissingParameter"), ERRORS, Description="x", VpcId=vpc)
    call(
        "create without description",
        "CreateSecurityGroup",
        Refused("MissingParameter"),
        CREATE,
        GroupName="x",
        VpcId=vpc,
    )
    call(
        "create in an unknown vpc",
        "CreateSecurityGroup",
        Refused("InvalidVpcID.NotFound"),
        ERRORS,
        GroupName="x",
        Description="x",
        VpcId=UNKNOWN_ID["vpc"],
    )
    call(
        "create with a reserved name",
        "CreateSecurityGroup",
        Refused(("InvalidParameterValue", "InvalidGroup.Reserved")),
        CREATE,
        GroupName="sg-x",
        Description="x",
        VpcId=vpc,
    )
    call(
        "create a default",
        "CreateSecurityGroup",
        Refused(("InvalidParameterValue", "InvalidGroup.Duplicate", "InvalidGroup.Reserved")),
        CREATE,
        GroupName="default",
        Description="x",
        VpcId=vpc,
    )
    call(
        "create with a long description",
        "CreateSecurityGroup",
        Refused("InvalidParameterValue"),
        CREATE,
        GroupName="x",
        Description="d" * 256,
        VpcId=vpc,
    )
    return group


def described(recorder: Recorder, vpc: str, group: str) -> None:
    call = recorder.call
    egress = "SecurityGroups[0].IpPermissionsEgress[0]"
    fresh = {
        "SecurityGroups[0].GroupName": "web",
        "SecurityGroups[0].VpcId": "<vpc>",
        "SecurityGroups[0].IpPermissions": [],
        f"{egress}.IpProtocol": "-1",
        f"{egress}.IpRanges[0].CidrIp": ANYWHERE,
        f"{egress}.FromPort": None,
    }
    call("by id", "DescribeSecurityGroups", Answered(fresh), DESCRIBE, GroupIds=[group])
    call("by name", "DescribeSecurityGroups", Answered(fresh), DESCRIBE, GroupNames=["web"])
    named = [{"Name": "group-name", "Values": ["web", "mail"]}, {"Name": "vpc-id", "Values": [vpc]}]
    call("by filter", "DescribeSecurityGroups", Answered({"length(SecurityGroups)": 1}), DESCRIBE, Filters=named)
    call(
        "by tag",
        "DescribeSecurityGroups",
        Answered({"length(SecurityGroups)": 1}),
        DESCRIBE,
        Filters=[{"Name": "tag:team", "Values": ["?"]}],
    )
    call(
        "none by filter",
        "DescribeSecurityGroups",
        Answered({"SecurityGroups": []}),
        DESCRIBE,
        Filters=[{"Name": "group-name", "Values": ["nobody"]}],
    )
    default = default_group(recorder, vpc)
    call(
        "default group",
        "DescribeSecurityGroups",
        Answered(
            {
                "SecurityGroups[0].Description": "default VPC security group",
                "SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[0].GroupId": "<group default>",
            }
        ),
        "VPC User Guide, Default security groups",
        GroupIds=[default],
    )
    unknown = Refused("InvalidGroup.NotFound", "The security group '<unknown group>' does not exist")
    call("unknown id", "DescribeSecurityGroups", unknown, ERRORS, GroupIds=[UNKNOWN_ID["group"]])
    call(
        "malformed id",
        "DescribeSecurityGroups",
        Refused(("InvalidGroupId.Malformed", "InvalidGroupID.Malformed")),
        ERRORS,
        GroupIds=["group-1"],
    )
    call("unknown name", "DescribeSecurityGroups", Refused("InvalidGroup.NotFound"), ERRORS, GroupNames=["nobody"])
    call(
        "unknown filter",
        "DescribeSecurityGroups",
        Refused("InvalidParameterValue", "The filter 'colour' is invalid"),
        ERRORS,
        Filters=[{"Name": "colour", "Values": ["red"]}],
    )


def authorized(recorder: Recorder, group: str) -> None:
    call = recorder.call
    made = {
        "Return": True,
        "SecurityGroupRules[0].IsEgress": False,
        "SecurityGroupRules[0].CidrIpv4": ANYWHERE,
        "SecurityGroupRules[0].FromPort": 22,
    }
    call(
        "authorize one",
        "AuthorizeSecurityGroupIngress",
        Answered(made),
        AUTHORIZE,
        GroupId=group,
        IpPermissions=[tcp(22, Description="SSH")],
    )
    call(
        "authorize three",
        "AuthorizeSecurityGroupIngress",
        Answered({"length(SecurityGroupRules)": 3}),
        AUTHORIZE,
        GroupId=group,
        IpPermissions=[tcp(80), tcp(443), tcp(2376)],
    )
    pair = {
        "IpProtocol": "tcp",
        "FromPort": 9000,
        "ToPort": 9100,
        "UserIdGroupPairs": [{"GroupId": group, "Description": "nodes"}],
    }
    call(
        "authorize the group itself",
        "AuthorizeSecurityGroupIngress",
        Answered(
            {
                "SecurityGroupRules[0].ReferencedGroupInfo.GroupId": "<group web>",
                "SecurityGroupRules[0].Description": "nodes",
            }
        ),
        AUTHORIZE,
        GroupId=group,
        IpPermissions=[pair],
    )
    six = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    call(
        "authorize IPv6",
        "AuthorizeSecurityGroupIngress",
        Answered({"SecurityGroupRules[0].CidrIpv6": "::/0"}),
        AUTHORIZE,
        GroupId=group,
        IpPermissions=[six],
    )
    ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    call(
        "authorize ping",
        "AuthorizeSecurityGroupIngress",
        Answered({"SecurityGroupRules[0].ToPort": -1}),
        AUTHORIZE,
        GroupId=group,
        IpPermissions=[ping],
    )
    call(
        "authorize without a list",
        "AuthorizeSecurityGroupIngress",
        Answered({"SecurityGroupRules[0].FromPort": 8080}),
        AUTHORIZE,
        GroupId=group,
        IpProtocol="tcp",
        FromPort=8080,
        ToPort=8080,
        CidrIp="192.168.0.0/16",
    )
    call(
        "authorized",
        "DescribeSecurityGroups",
        Answered({"length(SecurityGroups[0].IpPermissions)": 7}),
        DESCRIBE,
        GroupIds=[group],
    )
    call(
        "by permission",
        "DescribeSecurityGroups",
        Answered({"SecurityGroups[].GroupId": ["<group web>"]}),
        DESCRIBE,
        Filters=[{"Name": "ip-permission.from-port", "Values": ["2376"]}],
    )


def refused(recorder: Recorder, group: str) -> None:
    call = recorder.call
    text = 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists'
    call(
        "authorize again",
        "AuthorizeSecurityGroupIngress",
        Refused("InvalidPermission.Duplicate", text),
        ERRORS,
        GroupId=group,
        IpPermissions=[tcp(22)],
    )
    call(
        "authorize a new and an old one",
        "AuthorizeSecurityGroupIngress",
        Refused("InvalidPermission.Duplicate"),
        ERRORS,
        GroupId=group,
        IpPermissions=[tcp(5000), tcp(22)],
    )
    rules = [{"Name": "ip-permission.from-port", "Values": ["5000"]}]
    call("nothing of it was made", "DescribeSecurityGroups", Answered({"SecurityGroups": []}), AUTHORIZE, Filters=rules)
    wrong = Refused(("InvalidParameterValue", "InvalidPermission.Malformed"))
    call(
        "authorize a port that is none",
        "AuthorizeSecurityGroupIngress",
        wrong,
        ERRORS,
        GroupId=group,
        IpPermissions=[tcp(70000)],
    )
    upside_down = {"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": [{"CidrIp": ANYWHERE}]}
    call(
        "authorize ports upside down",
        "AuthorizeSecurityGroupIngress",
        wrong,
        ERRORS,
        GroupId=group,
        IpPermissions=[upside_down],
    )
    call(
        "authorize a bad address",
        "AuthorizeSecurityGroupIngress",
        Refused("InvalidParameterValue"),
        ERRORS,
        GroupId=group,
        IpPermissions=[tcp(23, "300.0.0.0/8")],
    )
    odd = {"IpProtocol": "carrier-pigeon", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": ANYWHERE}]}
    call(
        "authorize an unknown protocol",
        "AuthorizeSecurityGroupIngress",
        wrong,
        ERRORS,
        GroupId=group,
        IpPermissions=[odd],
    )
    call(
        "authorize in an unknown group",
        "AuthorizeSecurityGroupIngress",
        Refused("InvalidGroup.NotFound"),
        ERRORS,
        GroupId=UNKNOWN_ID["group"],
        IpPermissions=[tcp(22)],
    )
    unknown = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": UNKNOWN_ID["group"]}]}
    call(
        "authorize from an unknown group",
        "AuthorizeSecurityGroupIngress",
        Refused("InvalidGroup.NotFound"),
        ERRORS,
        GroupId=group,
        IpPermissions=[unknown],
    )
    call(
        "authorize nothing",
        "AuthorizeSecurityGroupIngress",
        Refused(("MissingParameter", "InvalidRequest")),
        ERRORS,
        GroupId=group,
    )


def egress(recorder: Recorder, group: str) -> None:
    call = recorder.call
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    text = 'the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists'
    call(
        "authorize all egress again",
        "AuthorizeSecurityGroupEgress",
        Refused("InvalidPermission.Duplicate", text),
        ERRORS,
        GroupId=group,
        IpPermissions=[everything],
    )
    six = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    made = {"SecurityGroupRules[0].IsEgress": True, "SecurityGroupRules[0].FromPort": -1}
    call(
        "authorize egress",
        "AuthorizeSecurityGroupEgress",
        Answered(made),
        reference("AuthorizeSecurityGroupEgress"),
        GroupId=group,
        IpPermissions=[six],
    )
    call(
        "revoke egress",
        "RevokeSecurityGroupEgress",
        Answered({"Return": True}),
        reference("RevokeSecurityGroupEgress"),
        GroupId=group,
        IpPermissions=[everything],
    )
    call(
        "egress that is left",
        "DescribeSecurityGroups",
        Answered({"SecurityGroups[0].IpPermissionsEgress[].Ipv6Ranges[].CidrIpv6": ["::/0"]}),
        DESCRIBE,
        GroupIds=[group],
    )


def rules(recorder: Recorder, group: str) -> None:
    of_group = [{"Name": "group-id", "Values": [group]}]
    recorder.call(
        "rules", "DescribeSecurityGroupRules", Answered({"length(SecurityGroupRules)": 9}), RULES, Filters=of_group
    )
    recorder.call(
        "unknown rule",
        "DescribeSecurityGroupRules",
        Refused("InvalidSecurityGroupRuleId.NotFound"),
        ERRORS,
        SecurityGroupRuleIds=[UNKNOWN_ID["rule"]],
    )
    found = recorder.quietly("DescribeSecurityGroupRules", Filters=of_group)
    rule = found("SecurityGroupRules[?FromPort==`8080`].SecurityGroupRuleId | [0]")
    rule = recorder.name(rule, "rule 8080")
    recorder.call(
        "rule by id",
        "DescribeSecurityGroupRules",
        Answered({"SecurityGroupRules[0].CidrIpv4": "192.168.0.0/16"}),
        RULES,
        SecurityGroupRuleIds=[rule],
    )
    recorder.call(
        "revoke by id",
        "RevokeSecurityGroupIngress",
        Answered({"Return": True}),
        REVOKE,
        GroupId=group,
        SecurityGroupRuleIds=[rule],
    )


def revoked(recorder: Recorder, group: str) -> None:
    call = recorder.call
    call(
        "revoke",
        "RevokeSecurityGroupIngress",
        Answered({"Return": True}),
        REVOKE,
        GroupId=group,
        IpPermissions=[tcp(443)],
    )
    call(
        "revoke what is gone",
        "RevokeSecurityGroupIngress",
        Refused("InvalidPermission.NotFound"),
        ERRORS,
        GroupId=group,
        IpPermissions=[tcp(443)],
    )
    call(
        "revoked",
        "DescribeSecurityGroups",
        Answered({"SecurityGroups[0].IpPermissions[?FromPort==`443`]": []}),
        DESCRIBE,
        GroupIds=[group],
    )


def deleted(recorder: Recorder, vpc: str, group: str) -> None:
    call = recorder.call
    default = default_group(recorder, vpc)
    call("delete the default group", "DeleteSecurityGroup", Refused("CannotDelete"), ERRORS, GroupId=default)
    delete = reference("DeleteSecurityGroup")
    call(
        "delete as a dry run",
        "DeleteSecurityGroup",
        Refused("DryRunOperation", status=412),
        delete,
        GroupId=group,
        DryRun=True,
    )
    call("delete", "DeleteSecurityGroup", Answered({"Return": (True, None)}), delete, GroupId=group)
    call("delete what is gone", "DeleteSecurityGroup", Refused("InvalidGroup.NotFound"), ERRORS, GroupId=group)
    call("delete nothing", "DeleteSecurityGroup", Refused("MissingParameter"), ERRORS)
    recorder.quietly("CreateSecurityGroup", GroupName="named", Description="named", VpcId=vpc)
    call("delete by name", "DeleteSecurityGroup", Answered(), delete, GroupName="named")
