package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// hear takes a note of what must not happen on any page: an error, a violation of a policy, a request to a third party.
func (n *notes) hear(event any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if icon := strings.HasSuffix(e.Request.URL, ".svg"); !icon || !n.icon { // settle asks for it, and a browser with windows too
			n.requests++
			n.icon = n.icon || icon
		}
		if address := e.Request.URL; !n.ours(address) {
			n.faults = append(n.faults, "a request to "+address)
		}
	case *network.EventLoadingFinished:
		n.wire += e.EncodedDataLength
		n.ended++
	case *runtime.EventExceptionThrown:
		n.faults = append(n.faults, "an exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			n.faults = append(n.faults, fmt.Sprintf("console.%s", e.Type))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" && !refusal(e.Entry) {
			n.faults = append(n.faults, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (n *notes) ours(address string) bool {
	return strings.HasPrefix(address, n.host+"/") || (n.also != "" && strings.HasPrefix(address, n.also+"/")) ||
		strings.HasPrefix(address, "about:") || strings.HasPrefix(address, "data:")
}

// refusal tells that the browser only noted the status of a page that says no.
func refusal(e *log.Entry) bool {
	return e.Source == "network" && slices.ContainsFunc([]string{"404", "409", "410", "422", "429"}, func(status string) bool {
		return strings.Contains(e.Text, "status of "+status)
	})
}

// expect names a complaint that the test is about.
func (n *notes) expect(words string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.expected = append(n.expected, words)
}

// check fails the test for every complaint.
func (n *notes) check(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, fault := range n.faults {
		if !slices.ContainsFunc(n.expected, func(words string) bool { return strings.Contains(fault, words) }) {
			t.Errorf("the browser complained: %s", fault)
		}
	}
	n.faults = nil
}

// spent is what came over the wire since the last question, in bytes, and in how many requests.
func (n *notes) spent() (bytes float64, requests int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	bytes, requests = n.wire, n.requests
	n.wire, n.requests, n.ended, n.icon = 0, 0, 0, false
	return bytes, requests
}

// settled tells that the icon was asked for and every request has its answer.
func (n *notes) settled() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.icon && n.ended >= n.requests
}
