package protocol

import (
	"bufio"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Child is a running plugin and the connection to it.
type Child struct {
	Client  *rpc.Client
	Started time.Time
	Address string
	command *exec.Cmd
	drained chan struct{}
}

// Start runs the executable as the plugin of a driver and connects to it with Go's net/rpc.
func Start(executable, driver string) (*Child, error) {
	command := exec.Command(executable)
	command.Env = append(os.Environ(), TokenVariable+"="+Token, NameVariable+"="+driver)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	child := &Child{Started: time.Now(), command: command, drained: make(chan struct{})}
	if err := command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	address := make(chan string, 1)
	go func() {
		line, _ := lines.ReadString('\n')
		address <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, lines)
		close(child.drained)
	}()
	select {
	case child.Address = <-address:
	case <-time.After(10 * time.Second):
		child.Kill()
		return nil, fmt.Errorf("%s printed no address within 10 s", executable)
	}
	child.Client, err = rpc.DialHTTP("tcp", child.Address)
	if err != nil {
		child.Kill()
		return nil, fmt.Errorf("%s printed %q as its address: %w", executable, child.Address, err)
	}
	return child, nil
}

// Call calls a method of the service that current plugins offer.
func (c *Child) Call(method string, argument, reply any) error {
	return c.Client.Call(Service+"."+method, argument, reply)
}

// Close sends Close and returns the exit status; the plugin is killed when it does not leave within 10 s.
func (c *Child) Close() int {
	// The reply races with the end of the process.
	_ = c.Call("Close", Empty{}, &Empty{})
	done := make(chan struct{})
	go func() {
		<-c.drained
		_ = c.command.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = c.command.Process.Kill()
		<-done
	}
	return c.command.ProcessState.ExitCode()
}

// Kill ends the plugin without a word and reaps it.
func (c *Child) Kill() {
	_ = c.command.Process.Kill()
	<-c.drained
	_ = c.command.Wait()
}
