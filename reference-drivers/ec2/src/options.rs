use std::path::PathBuf;

use machine_driver::{DriverFlags, Secret};
use serde::{Deserialize, Serialize};

/// The options of `create`. The doc comments are what `docker-machine create --help` prints.
///
/// Names and variables are those of the Go drivers `amazonec2` of docker-machine and rancher-machine, with the prefix
/// `ec2-`. The struct is part of the machine's record.
#[derive(Clone, Debug, Default, DriverFlags, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Options {
    /// AWS access key; without one the usual AWS settings are used: environment, profile, SSO, instance role
    #[flag(name = "ec2-access-key", env = "AWS_ACCESS_KEY_ID")]
    pub access_key: Secret<String>,
    /// AWS secret key
    #[flag(name = "ec2-secret-key", env = "AWS_SECRET_ACCESS_KEY")]
    pub secret_key: Secret<String>,
    /// AWS session token
    #[flag(name = "ec2-session-token", env = "AWS_SESSION_TOKEN", needs = "ec2-access-key")]
    pub session_token: Secret<String>,
    /// Image; the default is the newest Ubuntu 24.04 for the instance type
    #[flag(name = "ec2-ami", env = "AWS_AMI")]
    pub ami: String,
    /// Region
    #[flag(name = "ec2-region", env = "AWS_DEFAULT_REGION", default = "us-east-1")]
    pub region: String,
    /// VPC; the default is the region's default VPC, or the subnet's
    #[flag(name = "ec2-vpc-id", env = "AWS_VPC_ID")]
    pub vpc_id: String,
    /// Zone, as a letter (a, b, ...) or in full; the default is any zone with a subnet
    #[flag(name = "ec2-zone", env = "AWS_ZONE")]
    pub zone: String,
    /// Subnet of the VPC
    #[flag(name = "ec2-subnet-id", env = "AWS_SUBNET_ID")]
    pub subnet_id: String,
    /// Name of a security group, may be repeated: an existing one is used as it is, a missing one is made and shared; the default is a group for this machine alone
    // No variable, because hosts ignore those of lists (FLAG-006).
    #[flag(name = "ec2-security-group")]
    pub security_groups: Vec<String>,
    /// Neither make nor change security groups
    #[flag(
        name = "ec2-security-group-readonly",
        env = "AWS_SECURITY_GROUP_READONLY",
        needs = "ec2-security-group"
    )]
    pub security_group_readonly: bool,
    /// Port to open beside those of SSH and the engine, PORT or PORT/udp; may be repeated
    #[flag(name = "ec2-open-port")]
    pub open_ports: Vec<String>,
    /// Tags: key1,value1,key2,value2
    #[flag(name = "ec2-tags", env = "AWS_TAGS")]
    pub tags: String,
    /// Instance type
    #[flag(name = "ec2-instance-type", env = "AWS_INSTANCE_TYPE", default = "t3.micro")]
    pub instance_type: String,
    /// Device name of the root volume; the default is the image's
    #[flag(name = "ec2-device-name", env = "AWS_DEVICE_NAME")]
    pub device_name: String,
    /// Size of the root volume in GiB
    #[flag(name = "ec2-root-size", env = "AWS_ROOT_SIZE", default = 16, range = 1..=65_536)]
    pub root_size: u32,
    /// Type of the root volume: gp3, gp2 or standard
    #[flag(
        name = "ec2-volume-type",
        env = "AWS_VOLUME_TYPE",
        default = "gp3",
        values = ["gp3", "gp2", "standard"]
    )]
    pub volume_type: String,
    /// Name or ARN of an IAM instance profile
    #[flag(name = "ec2-iam-instance-profile", env = "AWS_INSTANCE_PROFILE")]
    pub iam_instance_profile: String,
    /// Port for SSH, as the image serves it; it is opened
    #[flag(name = "ec2-ssh-port", env = "AWS_SSH_PORT", default = 22)]
    #[serde(skip)]
    pub ssh_port: u16,
    /// User for SSH, as the image has it
    #[flag(name = "ec2-ssh-user", env = "AWS_SSH_USER", default = "ubuntu")]
    #[serde(skip)]
    pub ssh_user: String,
    /// Request a spot instance
    #[flag(name = "ec2-request-spot-instance")]
    pub request_spot_instance: bool,
    /// Highest price of the spot instance, in dollars an hour
    #[flag(name = "ec2-spot-price", default = "0.50")]
    pub spot_price: String,
    /// Duration of the spot instance in minutes: 60, 120, 180, 240, 300 or 360; 0 for no limit
    #[flag(name = "ec2-block-duration-minutes", default = 0, needs = "ec2-request-spot-instance")]
    pub block_duration_minutes: u32,
    /// No public address
    #[flag(name = "ec2-private-address-only")]
    pub private_address_only: bool,
    /// Use the private address although there is a public one
    #[flag(name = "ec2-use-private-address")]
    pub use_private_address: bool,
    /// Detailed monitoring
    #[flag(name = "ec2-monitoring")]
    pub monitoring: bool,
    /// EBS-optimised instance
    #[flag(name = "ec2-use-ebs-optimized-instance")]
    pub use_ebs_optimized_instance: bool,
    /// File with an unencrypted private SSH key to use instead of a new one
    #[flag(name = "ec2-ssh-keypath", env = "AWS_SSH_KEYPATH")]
    pub ssh_keypath: Option<PathBuf>,
    /// Existing key pair to use; needs its private key in --ec2-ssh-keypath
    #[flag(name = "ec2-keypair-name", env = "AWS_KEYPAIR_NAME", needs = "ec2-ssh-keypath")]
    pub keypair_name: String,
    /// How often a request that failed is repeated; -1 for never
    #[flag(name = "ec2-retries", default = 5, range = -1..=100)]
    pub retries: i64,
    /// Endpoint of the API, a URL or a host
    #[flag(name = "ec2-endpoint", env = "AWS_ENDPOINT")]
    pub endpoint: String,
    /// Ask the endpoint without TLS
    #[flag(name = "ec2-insecure-transport", env = "AWS_INSECURE_TRANSPORT")]
    pub insecure_transport: bool,
    /// File with user data, at most 16 KiB
    #[flag(name = "ec2-userdata", env = "AWS_USERDATA")]
    pub userdata: Option<PathBuf>,
    /// Encrypt the root volume
    #[flag(name = "ec2-encrypt-ebs-volume", env = "AWS_ENCRYPT_EBS_VOLUME")]
    pub encrypt_ebs_volume: bool,
    /// KMS key to encrypt with; the default is the account's
    #[flag(name = "ec2-kms-key", env = "AWS_KMS_KEY", needs = "ec2-encrypt-ebs-volume")]
    pub kms_key: String,
    /// Metadata service in the guest: enabled or disabled
    #[flag(name = "ec2-http-endpoint", env = "AWS_HTTP_ENDPOINT", values = ["enabled", "disabled"])]
    pub http_endpoint: String,
    /// Tokens for the metadata service: optional or required
    #[flag(name = "ec2-http-tokens", env = "AWS_HTTP_TOKENS", values = ["optional", "required"])]
    pub http_tokens: String,
    /// Metadata service over IPv6: enabled or disabled
    #[flag(name = "ec2-http-protocol-ipv6", env = "AWS_HTTP_PROTOCOL_IPV6", values = ["enabled", "disabled"])]
    pub http_protocol_ipv6: String,
    /// Number of IPv6 addresses
    #[flag(name = "ec2-ipv6-address-count", env = "AWS_IPV6_ADDRESS_COUNT", default = 0)]
    pub ipv6_address_count: u32,
    /// Keep the first IPv6 address for the life of the instance
    #[flag(
        name = "ec2-enable-primary-ipv6",
        env = "AWS_ENABLE_PRIMARY_IPV6",
        needs = "ec2-ipv6-address-count"
    )]
    pub enable_primary_ipv6: bool,
    /// Use IPv6 alone, for subnets without IPv4; needs --ec2-ipv6-address-count
    #[flag(name = "ec2-ipv6-address-only", env = "AWS_IPV6_ADDRESS_ONLY", needs = "ec2-ipv6-address-count")]
    pub ipv6_address_only: bool,
}
