/** All rows of the benchmark, in the order in which they run. */

import type { Row } from '../row';
import { imageRows } from './images';
import { kernelRows } from './kernels';
import { linalgRows } from './linalg';
import { surrogateRows } from './surrogates';
import { trainingRows } from './training';

export const rows: Row[] = [...linalgRows, ...kernelRows, ...trainingRows, ...imageRows, ...surrogateRows];
