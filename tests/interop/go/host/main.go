// Command host drives any plugin with Go's own net/rpc and prints what it answered as one JSON object.
//
//	host EXECUTABLE DRIVER [OPTION=VALUE]...
//
// VALUE is JSON: a text, a whole number, a truth value or a list of texts. Options that are not named keep the
// default of the driver's flag. A method that fails is shown as {"error": TEXT}.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"machine-conformance/interop/protocol"
)

type transcript struct {
	Version      int              `json:"version"`
	DriverName   string           `json:"driver_name"`
	Flags        []map[string]any `json:"flags"`
	MachineName  string           `json:"machine_name"`
	Configured   any              `json:"set_config_from_flags"`
	Config       json.RawMessage  `json:"config"`
	IP           any              `json:"ip"`
	State        any              `json:"state"`
	NoSuchMethod any              `json:"no_such_method"`
	Exit         int              `json:"exit"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: host EXECUTABLE DRIVER [OPTION=VALUE]...")
		os.Exit(2)
	}
	protocol.Register()
	result, err := drive(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func drive(executable, driver string, given []string) (*transcript, error) {
	child, err := protocol.Start(executable, driver)
	if err != nil {
		return nil, err
	}
	seen := &transcript{}
	if err := talk(child, seen, given); err != nil {
		child.Kill()
		return nil, err
	}
	seen.Exit = child.Close()
	return seen, nil
}

func talk(child *protocol.Child, seen *transcript, given []string) error {
	none := protocol.Empty{}
	if err := child.Call("GetVersion", none, &seen.Version); err != nil {
		return fmt.Errorf("GetVersion: %w", err)
	}
	if err := child.Call("Heartbeat", none, &none); err != nil {
		return fmt.Errorf("Heartbeat: %w", err)
	}
	store, err := os.MkdirTemp("", "gohost")
	if err != nil {
		return err
	}
	defer os.RemoveAll(store)
	base, err := json.Marshal(map[string]any{"MachineName": "peer-1", "StorePath": store, "SSHPort": 0, "SSHUser": ""})
	if err != nil {
		return err
	}
	if err := child.Call("SetConfigRaw", base, &none); err != nil {
		return fmt.Errorf("SetConfigRaw: %w", err)
	}
	if err := child.Call("GetMachineName", none, &seen.MachineName); err != nil {
		return fmt.Errorf("GetMachineName: %w", err)
	}
	if err := child.Call("DriverName", none, &seen.DriverName); err != nil {
		return fmt.Errorf("DriverName: %w", err)
	}
	var flags []protocol.Flag
	if err := child.Call("GetCreateFlags", none, &flags); err != nil {
		return fmt.Errorf("GetCreateFlags: %w", err)
	}
	values := map[string]any{}
	for _, flag := range flags {
		seen.Flags = append(seen.Flags, describe(flag, values))
	}
	if err := override(values, given); err != nil {
		return err
	}
	var options protocol.Options = &protocol.RPCFlags{Values: values}
	seen.Configured = outcome(child.Call("SetConfigFromFlags", &options, &none), "ok")
	var config []byte
	if err := child.Call("GetConfigRaw", none, &config); err != nil {
		return fmt.Errorf("GetConfigRaw: %w", err)
	}
	seen.Config = config
	var ip string
	err = child.Call("GetIP", none, &ip)
	seen.IP = outcome(err, ip)
	var state int
	err = child.Call("GetState", none, &state)
	seen.State = outcome(err, state)
	seen.NoSuchMethod = outcome(child.Call("Upgrade", none, &none), "ok")
	// The connection must still be in step after an unknown method.
	return child.Call("GetVersion", none, &seen.Version)
}

// describe shows a flag and enters its default among the values.
func describe(flag protocol.Flag, values map[string]any) map[string]any {
	switch flag := flag.(type) {
	case *protocol.StringFlag:
		values[flag.Name] = flag.Value
		return shown("string", flag.Name, flag.Usage, flag.EnvVar, flag.Value)
	case *protocol.StringSliceFlag:
		values[flag.Name] = flag.Value
		return shown("list", flag.Name, flag.Usage, flag.EnvVar, flag.Value)
	case *protocol.IntFlag:
		values[flag.Name] = flag.Value
		return shown("int", flag.Name, flag.Usage, flag.EnvVar, flag.Value)
	case *protocol.BoolFlag:
		values[flag.Name] = false
		return shown("bool", flag.Name, flag.Usage, flag.EnvVar, false)
	}
	return shown(fmt.Sprintf("%T", flag), "", "", "", nil)
}

func shown(kind, name, usage, variable string, value any) map[string]any {
	return map[string]any{"kind": kind, "name": name, "usage": usage, "env": variable, "default": value}
}

// override replaces defaults by OPTION=VALUE, where VALUE keeps the type that JSON gives it.
func override(values map[string]any, given []string) error {
	for _, pair := range given {
		name, text, found := strings.Cut(pair, "=")
		if !found {
			return fmt.Errorf("%q is not OPTION=VALUE", pair)
		}
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("%s: %q is not JSON: %w", name, text, err)
		}
		switch typed := value.(type) {
		case json.Number:
			number, err := strconv.Atoi(typed.String())
			if err != nil {
				return fmt.Errorf("%s: %q is no whole number", name, text)
			}
			value = number
		case []any:
			list := []string{}
			for _, element := range typed {
				list = append(list, fmt.Sprint(element))
			}
			value = list
		}
		values[name] = value
	}
	return nil
}

func outcome(err error, value any) any {
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return value
}
