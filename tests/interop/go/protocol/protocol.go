// Package protocol holds what a Go host and a Go plugin of docker-machine agree on: the types that cross the
// connection, the names under which Go's gob knows them, and the constants of the handshake.
//
// It uses Go's standard library alone, so that net/rpc and encoding/gob themselves are the peer of the tests.
package protocol

import "encoding/gob"

// Names and values of the handshake.
const (
	Service       = "RPCServerDriver"
	LegacyService = "RpcServerDriver"
	TokenVariable = "MACHINE_PLUGIN_TOKEN"
	NameVariable  = "MACHINE_PLUGIN_DRIVER_NAME"
	Token         = "42"
	Version       = 1
)

// Empty is the argument of methods without argument and the reply of methods without result.
type Empty struct{}

// Flag is one option of a driver.
type Flag interface{ Option() string }

// StringFlag is an option that takes a text.
type StringFlag struct{ Name, Usage, EnvVar, Value string }

// StringSliceFlag is an option that may be given more than once.
type StringSliceFlag struct {
	Name, Usage, EnvVar string
	Value               []string
}

// IntFlag is an option that takes a whole number.
type IntFlag struct {
	Name, Usage, EnvVar string
	Value               int
}

// BoolFlag is a switch; its default is always false.
type BoolFlag struct{ Name, Usage, EnvVar string }

// Option returns the option's name.
func (f *StringFlag) Option() string { return f.Name }

// Option returns the option's name.
func (f *StringSliceFlag) Option() string { return f.Name }

// Option returns the option's name.
func (f *IntFlag) Option() string { return f.Name }

// Option returns the option's name.
func (f *BoolFlag) Option() string { return f.Name }

// Options is what SetConfigFromFlags transports.
type Options interface{ Value(name string) any }

// RPCFlags is the only implementation of Options.
type RPCFlags struct{ Values map[string]any }

// Value returns the option's value, or nil where it is not given.
func (f *RPCFlags) Value(name string) any { return f.Values[name] }

// Register tells gob the names that every libmachine uses on the wire.
func Register() {
	gob.RegisterName("*rpcdriver.RPCFlags", &RPCFlags{})
	gob.RegisterName("*mcnflag.StringFlag", &StringFlag{})
	gob.RegisterName("*mcnflag.StringSliceFlag", &StringSliceFlag{})
	gob.RegisterName("*mcnflag.IntFlag", &IntFlag{})
	gob.RegisterName("*mcnflag.BoolFlag", &BoolFlag{})
}
