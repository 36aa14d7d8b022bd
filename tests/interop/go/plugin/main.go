// Command plugin is a driver plugin on Go's own net/rpc: it stores its configuration and pretends to be a machine
// that runs. It is the Go end of the tests that need no docker-machine.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"sync"
	"time"

	"machine-conformance/interop/protocol"
)

const patience = 10 * time.Second

// Server is the object whose methods net/rpc offers.
type Server struct {
	lock     sync.Mutex
	config   map[string]json.RawMessage
	watchdog *time.Timer
}

func main() {
	if os.Getenv(protocol.TokenVariable) != protocol.Token {
		fmt.Fprintln(os.Stderr, "This is a Docker Machine plugin binary.")
		os.Exit(1)
	}
	protocol.Register()
	server := &Server{config: map[string]json.RawMessage{}}
	for _, service := range []string{protocol.Service, protocol.LegacyService} {
		if err := rpc.RegisterName(service, server); err != nil {
			fail(err)
		}
	}
	rpc.HandleHTTP()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	server.watchdog = time.AfterFunc(patience, func() { os.Exit(1) })
	fmt.Println(listener.Addr())
	fail(http.Serve(listener, nil))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (s *Server) text(key string) (value string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	_ = json.Unmarshal(s.config[key], &value)
	return value
}

func (s *Server) GetVersion(_ *struct{}, reply *int) error {
	*reply = protocol.Version
	return nil
}

func (s *Server) DriverName(_ *struct{}, reply *string) error {
	*reply = "gopeer"
	return nil
}

func (s *Server) GetMachineName(_ *struct{}, reply *string) error {
	*reply = s.text("MachineName")
	return nil
}

func (s *Server) GetIP(_ *struct{}, reply *string) error {
	if *reply = s.text("IPAddress"); *reply == "" {
		return errors.New("IP address is not set")
	}
	return nil
}

func (s *Server) GetState(_ *struct{}, reply *int) error {
	*reply = 1
	return nil
}

func (s *Server) GetCreateFlags(_ *struct{}, reply *[]protocol.Flag) error {
	*reply = []protocol.Flag{
		&protocol.StringFlag{Name: "gopeer-text", Usage: "A text, ü", EnvVar: "GOPEER_TEXT", Value: "x"},
		&protocol.IntFlag{Name: "gopeer-number", Usage: "A number", Value: -300},
		&protocol.BoolFlag{Name: "gopeer-switch", Usage: "A switch"},
		&protocol.StringSliceFlag{Name: "gopeer-list", Usage: "A list", Value: []string{"a", "", "b"}},
		&protocol.StringFlag{Name: "gopeer-empty"},
	}
	return nil
}

func (s *Server) SetConfigFromFlags(options *protocol.Options, _ *struct{}) error {
	kept := map[string]any{}
	for _, name := range []string{"gopeer-text", "gopeer-number", "gopeer-switch", "gopeer-list", "gopeer-empty"} {
		kept[name] = (*options).Value(name)
		// gob makes an empty list nil, which JSON would write as null.
		if list, ok := kept[name].([]string); ok && list == nil {
			kept[name] = []string{}
		}
	}
	bytes, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.config["Options"] = bytes
	return nil
}

func (s *Server) GetConfigRaw(_ *struct{}, reply *[]byte) (err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	*reply, err = json.Marshal(s.config)
	return err
}

func (s *Server) SetConfigRaw(data []byte, _ *struct{}) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return json.Unmarshal(data, &s.config)
}

func (s *Server) Heartbeat(_ *struct{}, _ *struct{}) error {
	s.watchdog.Reset(patience)
	return nil
}

func (s *Server) Close(_ *struct{}, _ *struct{}) error {
	// net/rpc writes the reply after this method has returned.
	time.AfterFunc(10*time.Millisecond, func() { os.Exit(0) })
	return nil
}
