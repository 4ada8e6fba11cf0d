// Package legacy speaks to the legacy platform, a remote system over HTTP that may
// be slow, down or wrong (I2). Its Connector is a tasks.Legacy; the protocol is ours
// and written down in docs/legacy-protocol.md. legacytest is the other side of the
// wire, for demonstrations and tests.
//
// A call is tried again only where that can do no harm: readings always, a sign-in
// only when the platform certainly did not look at it, since a wrong password counts
// there, too. Time-outs, lost connections and answers from 500 open a breaker that
// all calls of a process share; whatever the platform says about a login does not.
package legacy
