// Command rpcbench measures a plugin with Go's own net/rpc client and prints one JSON object.
//
//	rpcbench spawn EXECUTABLE DRIVER           one start: microseconds from the start of the process to the
//	                                           DriverName reply
//	rpcbench calls EXECUTABLE DRIVER METHOD N  N sequential and N pipelined round trips of METHOD, per second
package main

import (
	"encoding/json"
	"fmt"
	"net/rpc"
	"os"
	"strconv"
	"time"

	"machine-conformance/interop/protocol"
)

// outstanding is the number of pipelined calls under way at once.
const outstanding = 64

func main() {
	result, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) (map[string]float64, error) {
	switch {
	case len(arguments) == 3 && arguments[0] == "spawn":
		return spawn(arguments[1], arguments[2])
	case len(arguments) == 5 && arguments[0] == "calls":
		count, err := strconv.Atoi(arguments[4])
		if err != nil || count < 1 {
			return nil, fmt.Errorf("%q is no number of calls", arguments[4])
		}
		return calls(arguments[1], arguments[2], arguments[3], count)
	}
	return nil, fmt.Errorf("usage: rpcbench spawn EXECUTABLE DRIVER | rpcbench calls EXECUTABLE DRIVER METHOD N")
}

func spawn(executable, driver string) (map[string]float64, error) {
	child, err := protocol.Start(executable, driver)
	if err != nil {
		return nil, err
	}
	var name string
	if err := child.Call("DriverName", protocol.Empty{}, &name); err != nil {
		child.Kill()
		return nil, err
	}
	taken := time.Since(child.Started)
	child.Close()
	return map[string]float64{"microseconds": float64(taken.Nanoseconds()) / 1e3}, nil
}

func calls(executable, driver, method string, count int) (map[string]float64, error) {
	child, err := protocol.Start(executable, driver)
	if err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	go keepAlive(child, stop)
	sequential, err := inTurn(child, method, count)
	if err == nil {
		var pipelined float64
		if pipelined, err = atOnce(child, method, count); err == nil {
			close(stop)
			child.Close()
			return map[string]float64{"sequential_per_second": sequential, "pipelined_per_second": pipelined}, nil
		}
	}
	close(stop)
	child.Kill()
	return nil, err
}

// keepAlive sends heartbeats, as every host does.
func keepAlive(child *protocol.Child, stop <-chan struct{}) {
	ticks := time.NewTicker(2 * time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticks.C:
			_ = child.Call("Heartbeat", protocol.Empty{}, &protocol.Empty{})
		}
	}
}

func inTurn(child *protocol.Child, method string, count int) (float64, error) {
	begin := time.Now()
	for range count {
		if err := child.Call(method, protocol.Empty{}, reply(method)); err != nil {
			return 0, err
		}
	}
	return float64(count) / time.Since(begin).Seconds(), nil
}

func atOnce(child *protocol.Child, method string, count int) (float64, error) {
	begin := time.Now()
	done := make(chan *rpc.Call, outstanding)
	sent, received := 0, 0
	for received < count {
		for sent < count && sent-received < outstanding {
			child.Client.Go(protocol.Service+"."+method, protocol.Empty{}, reply(method), done)
			sent++
		}
		call := <-done
		if call.Error != nil {
			return 0, call.Error
		}
		received++
	}
	return float64(count) / time.Since(begin).Seconds(), nil
}

// reply returns a place for the method's result.
func reply(method string) any {
	if method == "Heartbeat" {
		return new(protocol.Empty)
	}
	return new(string)
}
