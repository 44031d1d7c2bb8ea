import { formatInstant, instantToNanoseconds } from '../../src/coordinates/instant.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import { RestorePlan } from '../../src/image/restore-plan.ts'
import { PARTS } from '../restore/sample-plan.ts'

// A process of its own, whose time zone its environment names: prints what is made of the moments in its arguments.
const outcomes = process.argv.slice(2).map((at) => {
  const plan = new RestorePlan({ ...PARTS, target: { kind: 'time', at: formatInstant(instantToNanoseconds(at)) } })
  const time = Timestamp.parse(formatInstant(instantToNanoseconds(at)))
  return { at, time: String(time), date: time.toDate().getTime(), json: JSON.stringify(plan), text: plan.toText() }
})
process.stdout.write(JSON.stringify(outcomes))
