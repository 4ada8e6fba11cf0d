// Package workday counts Chinese working time: weekends, the statutory holidays
// and the make-up working days that the State Council's yearly notice puts on
// weekends, and office hours (V2, L7). Every due date it gives can be explained
// day by day.
//
// # What is counted
//
// A working day is a weekday that no notice declares off, or a weekend day that a
// notice declares a make-up day. Office hours are 09:00 to 18:00 unless WithHours
// says otherwise: nine hours of working time a day, the lunch hour included, because
// that is how long an applicant sees the office open. Closing time is also the
// cut-off: what arrives at 18:00:00 or later counts as received on the next working
// day. All clock times are those of Shanghai, UTC+8 without summer time, which is
// right for every moment since 15 September 1991.
//
// A year without data has weekends and nothing else; Day.Known, Covers, Missing and
// the step NoData say so, so that nobody takes such a date for certain.
//
// # Two ways to count
//
// Due promises whole days: the end of the Nth working day after the day of receipt.
// Between, Add, Share and Shift count working time exactly, for reminders and pauses.
// With 2026's calendar, Due(start, 2) is:
//
//	Tue 2026-03-03 10:00   Thu 2026-03-05 18:00   day 1 is Wednesday, day 2 Thursday
//	Tue 2026-03-03 17:59   Thu 2026-03-05 18:00   still received on Tuesday
//	Tue 2026-03-03 18:00   Fri 2026-03-06 18:00   received on Wednesday, in effect
//	Sat 2026-03-07 12:00   Wed 2026-03-11 18:00   received on Monday, in effect
//	Wed 2026-09-30 17:59   Fri 2026-10-09 18:00   1 to 7 October are National Day
//	Wed 2026-09-30 18:01   Sat 2026-10-10 18:00   Saturday is a make-up day
//	Fri 2026-02-13 10:00   Tue 2026-02-24 18:00   make-up Saturday, then Spring Festival
//
// A Calendar never changes. When a notice is corrected, build a new one: a stored
// due date whose Version differs is computed again with Replay.
package workday
