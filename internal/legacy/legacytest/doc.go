// Package legacytest is the other side of the wire of package legacy: a legacy
// platform with made-up subjects, websites and papers that speaks the protocol of
// docs/legacy-protocol.md, for demonstrations and tests. Nobody in it exists.
//
// Some logins play what such a platform does to those who depend on it; Logins lists
// them all. Every one of them has the same password; any other is wrong.
package legacytest
