/** All rows of the benchmark, in the order in which they run. */

import type { Row } from '../row';
import { linalgRows } from './linalg';

export const rows: Row[] = [...linalgRows];
