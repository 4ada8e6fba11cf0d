// Package sms hands messages to providers (C2) and words them. A provider is a
// tasks.Sender; smstest.Exercise says what all of them promise.
//
// Aliyun and Tencent send SMS, Mail sends by SMTP; Router gives each channel to its
// provider, Guard leaves one alone that does not answer (ADR 19). Read aliyun.go
// and call.go first.
//
// The inbox, the embedded provider, keeps every message in a box that a page
// shows. Some mobile numbers play a provider's faults for demonstrations and
// tests; mail and every other number arrive at once:
//
//	13800138001  arrives at once
//	13800138002  refused: a bad number (tasks.SendBadNumber)
//	13800138003  accepted, arrives 90 s late
//	13800138004  never answers: ends with the context, outcome unknown
//	13800138005  throttled during the first 30 s of a message's life
package sms
