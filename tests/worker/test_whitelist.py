"""A stranger's plan: what is refused, what still runs, and whether what the lists name is really there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.frameworks.check import check_plan
from conformance.suite.loader import find_files, load
from conformance.target import FRAMEWORKS
from conformance.worker.allowed import REFUSED_KEYWORDS, WORDS, Allowed, is_layout
from conformance.worker.whitelist import (
    MAX_CHARACTERS,
    MAX_FINDINGS,
    MAX_HINTS,
    MAX_STATEMENTS,
)
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
TABLES = [f.name for f in FRAMEWORKS.values() if isinstance(f.allowed, Allowed)]

# framework, plan: each of these would read, write, run code, change the process, or reach for what does.
ATTACKS = [
    # syntax
    ("numpy", "import os\ny = x"),
    ("numpy", "from os import system\ny = x"),
    ("numpy", "y = __import__('os').system('id')"),
    ("numpy", "y = x.__class__"),
    ("numpy", "y = x.__class__.__bases__[0].__subclasses__()"),
    ("numpy", "y = numpy.__builtins__"),
    ("numpy", "y = numpy.__config__"),
    ("numpy", "y = x.\uff3f\uff3fclass\uff3f\uff3f"),  # full-width underscores, which Python reads as plain ones
    ("numpy", "y = (lambda: x)()"),
    ("numpy", "y = [v for v in x]"),
    ("numpy", "y = {v for v in x}"),
    ("numpy", "y = {k: k for k in x}"),
    ("numpy", "y = (v for v in x)"),
    ("numpy", "y = (z := x)"),
    ("numpy", "y = f'{x.__class__}'"),
    ("numpy", "y = '{0.__class__}'.format(x)"),
    ("numpy", "y = '%s' % x"),
    ("numpy", "y = numpy.add(*x)"),
    ("numpy", "y = numpy.pad(x, **x)"),
    ("numpy", "y, *z = x"),
    ("numpy", "y = x if x else w"),
    ("numpy", "y = x and w"),
    ("numpy", "y = x < w"),
    ("numpy", "y = x ** 9"),
    ("numpy", "y = 9 ** 9 ** 9 ** 9"),
    ("numpy", "y = x << 4"),
    ("numpy", "y = x % w"),
    ("numpy", "y = not x"),
    ("numpy", "y = await x"),
    ("numpy", "y = yield"),
    ("numpy", "y: int = 1"),
    ("numpy", "y = 1\ny += 1"),
    ("numpy", "x[0] = 1\ny = x"),
    ("numpy", "x.T = 1\ny = x"),
    ("numpy", "numpy.pad = x\ny = x"),
    ("numpy", "numpy = x\ny = x"),
    ("numpy", "_y = x\ny = x"),
    ("numpy", "del x\ny = w"),
    ("numpy", "global z\ny = x"),
    ("numpy", "assert x\ny = x"),
    ("numpy", "raise x\ny = x"),
    ("numpy", "@numpy.pad\ndef y(): pass"),
    ("numpy", "class y: pass"),
    ("numpy", "def y(): pass"),
    ("numpy", "for y in x: pass"),
    ("numpy", "while x: y = 1"),
    ("numpy", "if x: y = 1"),
    ("numpy", "with x: y = 1"),
    ("numpy", "try: y = x\nexcept: pass"),
    ("numpy", "match x:\n case 1: y = x"),
    ("numpy", "y = {'class_name': 'Lambda'}"),
    ("numpy", "y = {1, 2}"),
    ("numpy", "y = b'abc'"),
    ("numpy", "y = 9223372036854775808"),
    ("numpy", "y = 'a' * 9223372036854775807"),
    ("numpy", "y = (0,) * 9223372036854775807"),
    ("numpy", "y = [0] * 9223372036854775807"),
    ("numpy", "y = open('f')"),
    ("numpy", "y = getattr(x, 'dump')"),
    ("numpy", "y = eval('x')"),
    ("numpy", "y = print"),
    ("numpy", "y = os.system('id')"),
    ("numpy", "y = x\0"),
    ("numpy", "y = '\udc80'"),
    ("numpy", "y = " + "(" * 3000 + "x" + ")" * 3000),
    ("numpy", "y = " + "-" * 7000 + "x"),
    ("numpy", "y = " + "[" * 90 + "x" + "]" * 90 + "'"),
    ("numpy", "y = x" + "+x" * 3900),
    ("numpy", "y = x" + ".T" * 3900),
    ("numpy", "y = x\n" * (MAX_STATEMENTS + 1)),
    ("numpy", "y = x" + " " * MAX_CHARACTERS),
    ("numpy", ""),
    ("numpy", "z = x"),
    ("nothing", "y = x"),
    # strings that are more than a word
    ("numpy", "y = numpy.array('/etc/passwd')"),
    ("numpy", "y = numpy.array('..\\\\secret')"),
    ("numpy", "y = numpy.array('https://example.org')"),
    ("numpy", "y = numpy.array('__class__')"),
    ("numpy", "y = numpy.array('a\\nb')"),
    # numpy
    ("numpy", "y = numpy.load('f.npy', allow_pickle=True)"),
    ("numpy", "y = numpy.save('f', x)"),
    ("numpy", "y = numpy.savez('f', x)"),
    ("numpy", "y = numpy.savez_compressed('f', x)"),
    ("numpy", "y = numpy.savetxt('f', x)"),
    ("numpy", "y = numpy.loadtxt('f')"),
    ("numpy", "y = numpy.genfromtxt('f')"),
    ("numpy", "y = numpy.fromregex('f', 'a', x)"),
    ("numpy", "y = numpy.fromfile('f')"),
    ("numpy", "y = numpy.memmap('f')"),
    ("numpy", "y = numpy.DataSource()"),
    ("numpy", "y = numpy.lib.npyio.DataSource()"),
    ("numpy", "y = numpy.lib.format.open_memmap('f')"),
    ("numpy", "y = numpy.ctypeslib.load_library('libc', 'x')"),
    ("numpy", "y = numpy.ctypeslib"),
    ("numpy", "y = numpy.f2py.compile('x')"),
    ("numpy", "y = numpy.lib.stride_tricks.as_strided(x, (9,), (8,))"),
    ("numpy", "y = numpy.ndarray((9,), 'f4', x, 64)"),
    ("numpy", "y = numpy.frombuffer(x)"),
    ("numpy", "y = numpy.frompyfunc(x, 1, 1)"),
    ("numpy", "y = numpy.vectorize(x)"),
    ("numpy", "y = numpy.apply_along_axis(numpy.sum, 0, x)"),
    ("numpy", "y = numpy.bmat('x')"),
    ("numpy", "y = numpy.seterr(all='raise')"),
    ("numpy", "y = numpy.setbufsize(1)"),
    ("numpy", "y = numpy.seterrcall(x)"),
    ("numpy", "y = numpy.set_printoptions(1)"),
    ("numpy", "y = numpy.test()"),
    ("numpy", "y = numpy.random.seed(1)"),
    ("numpy", "y = numpy.core.os"),
    ("numpy", "y = numpy.testing.runstring('a', x)"),
    ("numpy", "y = x.tofile('f')"),
    ("numpy", "y = x.dump('f')"),
    ("numpy", "y = x.ctypes"),
    ("numpy", "y = x.data"),
    ("numpy", "y = x.setflags(1)"),
    ("numpy", "y = x.dtype.type.mro()"),
    ("numpy", "y = torch.zeros(1)"),
    # torch
    ("torch", "y = torch.load('f')"),
    ("torch", "y = torch.save(x, 'f')"),
    ("torch", "y = torch.os.system('id')"),
    ("torch", "y = torch.os"),
    ("torch", "y = torch.sys.modules"),
    ("torch", "y = torch.builtins.eval('x')"),
    ("torch", "y = torch.builtins"),
    ("torch", "m = torch.importlib\ny = m.import_module('os')"),
    ("torch", "y = torch.ctypes.CDLL('libc')"),
    ("torch", "y = torch.hub.load('a', 'b')"),
    ("torch", "y = torch.hub"),
    ("torch", "y = torch.jit.load('f')"),
    ("torch", "y = torch.jit.script(x)"),
    ("torch", "y = torch.ops.load_library('f')"),
    ("torch", "y = torch.ops.aten.from_file('f')"),
    ("torch", "y = torch.ops"),
    ("torch", "y = torch.classes.load_library('f')"),
    ("torch", "y = torch.utils.cpp_extension.load('f')"),
    ("torch", "y = torch.utils"),
    ("torch", "y = torch.multiprocessing.spawn(x)"),
    ("torch", "y = torch.package.PackageImporter('f')"),
    ("torch", "y = torch.distributed.init_process_group('gloo')"),
    ("torch", "y = torch.serialization.load('f')"),
    ("torch", "y = torch.from_file('f', size=9)"),
    ("torch", "y = torch.UntypedStorage.from_file('f', True, 9)"),
    ("torch", "y = torch.UntypedStorage(9)"),
    ("torch", "y = torch.FloatStorage"),
    # compiles TorchScript, which can save; a function named as an allowed method would then be callable
    ("torch", "c = torch.CompilationUnit('def sum(x): torch.save')\ny = c.sum(x)"),
    ("torch", "y = torch.ScriptModuleSerializer"),
    ("torch", "y = torch.PyTorchFileReader('f')"),
    ("torch", "y = torch.PyTorchFileWriter('f')"),
    ("torch", "y = torch.import_ir_module('f')"),
    ("torch", "y = torch.parse_ir('graph')"),
    ("torch", "y = torch.fork(torch.relu, x)"),
    ("torch", "y = torch.compile(x)"),
    ("torch", "y = torch.set_num_threads(8)"),
    ("torch", "y = torch.set_default_dtype(torch.float64)"),
    ("torch", "y = torch.use_deterministic_algorithms(True)"),
    ("torch", "y = torch.as_strided(x, (9,), (1,), 99)"),
    ("torch", "y = torch.as_strided_copy(x, (9,), (1,), 99)"),
    ("torch", "y = torch.frombuffer(x)"),
    ("torch", "y = torch.from_dlpack(x)"),
    ("torch", "y = torch.nn.functional.importlib"),
    ("torch", "y = torch.nn.functional.torch.load('f')"),
    ("torch", "y = torch.nn.functional.handle_torch_function(x)"),
    ("torch", "y = torch.nn.functional.boolean_dispatch(x)"),
    ("torch", "y = torch.nn.Module()"),
    ("torch", "y = torch.nn.utils.skip_init(torch.nn.Linear)"),
    ("torch", "y = torch.library.Library('a', 'b')"),
    ("torch", "y = torch.cuda.memory_snapshot()"),
    ("torch", "y = x.numpy().tofile('f')"),
    ("torch", "y = x.numpy()"),
    ("torch", "y = x.apply_(torch.relu)"),
    ("torch", "y = x.map_(x, torch.relu)"),
    ("torch", "y = x.data_ptr()"),
    ("torch", "y = x.storage()"),
    ("torch", "y = x.untyped_storage()"),
    ("torch", "y = x.set_(x)"),
    ("torch", "y = x.register_hook(x)"),
    ("torch", "y = x.share_memory_()"),
    ("torch", "y = torch.func.functional_call(x, {w: x}, x)"),
    ("torch", "y = torch.func.functional_call(x, {**x}, x)"),
    ("torch", "y = torch.func.functional_call(x, {'a': torch.load('f')}, x)"),
    ("torch", "y = torch.func.vmap({'a': x})"),
    # jax
    ("jax", "y = jax.debug.callback(x)"),
    ("jax", "y = jax.debug.print('x')"),
    ("jax", "y = jax.debug.breakpoint()"),
    ("jax", "y = jax.pure_callback(x, x)"),
    ("jax", "y = jax.experimental.io_callback(x, x)"),
    ("jax", "y = jax.config.update('jax_platforms', 'cpu')"),
    ("jax", "y = jax.profiler.start_trace('f')"),
    ("jax", "y = jax.numpy.load('f')"),
    ("jax", "y = jax.numpy.save('f', x)"),
    ("jax", "y = jax.numpy.savez('f', x)"),
    ("jax", "y = jax.numpy.fromfile('f')"),
    ("jax", "y = jax.numpy.frombuffer(x)"),
    ("jax", "y = jax.numpy.from_dlpack(x)"),
    ("jax", "y = jax.numpy.vectorize(x)"),
    ("jax", "y = jax.numpy.frompyfunc(x, 1, 1)"),
    ("jax", "y = jax.lax.while_loop(x, x, x)"),
    ("jax", "y = jax.lax.conv_general_dilated_p.bind(x)"),
    ("jax", "y = jax.distributed.initialize('a')"),
    ("jax", "y = jax.make_jaxpr(x)"),
    ("jax", "y = jax.jit(x)"),
    # tensorflow
    ("tensorflow", "y = tf.io.read_file('f')"),
    ("tensorflow", "y = tf.io.write_file('f', 'x')"),
    ("tensorflow", "y = tf.io.gfile.remove('f')"),
    ("tensorflow", "y = tf.io"),
    ("tensorflow", "y = tf.raw_ops.ReadFile(filename='f')"),
    ("tensorflow", "y = tf.raw_ops"),
    ("tensorflow", "y = tf.py_function(x, [x], tf.float32)"),
    ("tensorflow", "y = tf.numpy_function(x, [x], tf.float32)"),
    ("tensorflow", "y = tf.function(x)"),
    ("tensorflow", "y = tf.map_fn(x, x)"),
    ("tensorflow", "y = tf.print(x, output_stream='f')"),
    ("tensorflow", "y = tf.saved_model.load('f')"),
    ("tensorflow", "y = tf.load_library('f')"),
    ("tensorflow", "y = tf.load_op_library('f')"),
    ("tensorflow", "y = tf.keras.models.load_model('f')"),
    ("tensorflow", "y = tf.keras.utils.get_file('f', 'g')"),
    ("tensorflow", "y = tf.keras.layers.Lambda('x')"),
    ("tensorflow", "y = tf.keras.layers.StringLookup(vocabulary='f')"),
    ("tensorflow", "y = tf.nn.fixed_unigram_candidate_sampler(x, 1, 1, True, 9, 'f')"),
    ("tensorflow", "y = tf.nn.learned_unigram_candidate_sampler(x, vocab_file='f')"),
    ("tensorflow", "y = tf.data.TextLineDataset('f')"),
    ("tensorflow", "y = tf.compat.v1.Session()"),
    ("tensorflow", "y = tf.summary.create_file_writer('f')"),
    ("tensorflow", "y = tf.config.list_physical_devices()"),
    ("tensorflow", "y = tf.distribute.Server(x)"),
    ("tensorflow", "y = tf.test.main()"),
    ("tensorflow", "y = tf.Graph()"),
    ("tensorflow", "y = tf.RegisterGradient('a')"),
    ("tensorflow", "y = tf.image.decode_image('x')"),
    ("tensorflow", "y = x.numpy()"),
    ("tensorflow", "y = x.graph.as_graph_def()"),
    # keras
    ("keras", "y = keras.layers.Lambda('x')(x)"),
    ("keras", "y = keras.layers.TFSMLayer('f')(x)"),
    ("keras", "y = keras.layers.TorchModuleWrapper(x)"),
    ("keras", "y = keras.layers.JaxLayer(x)"),
    ("keras", "y = keras.layers.FlaxLayer(x)"),
    ("keras", "y = keras.layers.Wrapper(x)"),
    ("keras", "y = keras.layers.deserialize(x)"),
    ("keras", "y = keras.layers.serialize(x)"),
    ("keras", "y = keras.layers.Bidirectional({'class_name': 'Lambda', 'config': x})"),
    ("keras", "y = keras.layers.Dense(3, activation={'module': 'os', 'class_name': 'system'})(x)"),
    ("keras", "y = keras.layers.TextVectorization(vocabulary='f')"),
    ("keras", "y = keras.layers.StringLookup(vocabulary='f')"),
    ("keras", "y = keras.layers.IntegerLookup(1, 1, -1, None, 'f')"),
    ("keras", "y = keras.layers.Layer.from_config({'a': 1})"),
    ("keras", "y = keras.layers.Dense(3).get_config()"),
    ("keras", "y = keras.layers.Dense(3).save_own_variables(x)"),
    ("keras", "y = keras.activations.get('relu')"),
    ("keras", "y = keras.activations.deserialize('relu')"),
    ("keras", "y = keras.initializers.get('zeros')"),
    ("keras", "y = keras.models.load_model('f')"),
    ("keras", "y = keras.saving.load_model('f')"),
    ("keras", "y = keras.utils.get_file('f', 'g')"),
    ("keras", "y = keras.config.enable_unsafe_deserialization()"),
    ("keras", "y = keras.backend.set_floatx('float16')"),
    ("keras", "y = keras.src.os"),
    ("keras", "y = keras.ops.vectorize(x)"),
    ("keras", "y = keras.ops.while_loop(x, x, x)"),
    ("keras", "y = keras.ops.map(lambda v: v, x)"),
    # functions are called, never passed on, kept or built
    ("torch", "k = torch.relu\ny = k(x)"),
    ("torch", "y = torch.relu"),
    ("torch", "y = torch.add(x, torch.relu)"),
    ("torch", "y = torch.nn.functional.pad(x, (1, 1), mode=torch.relu)"),
    ("torch", "y = x(w)"),
    ("torch", "y = torch.relu(x)(w)"),
    ("torch", "y = x.sum.real"),
    ("torch", "f = x.reshape\ny = f(2)"),
    ("torch", "y = torch.relu.forward(x)"),
    ("torch", "y = torch.float32(x)"),
    ("jax", "y = jax.lax.reduce_window(x, 0.0, jax.lax.while_loop, (2, 2), (1, 1), 'VALID')"),
    ("jax", "y = jax.lax.sort(x, comparator=jax.lax.add)"),
    ("keras", "y = keras.layers.Dense(3, activation=keras.activations.relu)(x)"),
    # strings, lists and tuples are literals in arguments
    ("torch", "u = '_'\ny = x"),
    ("torch", "y = x['ab']"),
    ("torch", "y = x[torch.tensor(1), 'a']"),
    ("torch", "y = 'a' + 'b'"),
    ("torch", "y = 'NHWC'"),
    ("torch", "y = ['same'][0]"),
    ("torch", "y = ('same', x)"),
    ("torch", "y = x[[0, 1]]"),
    ("torch", "s = (2, 3)\ny = x.reshape(s)"),
    ("torch", "y = x.shape + x.shape"),
    ("torch", "y = x.shape * 1000000000"),
    ("torch", "y = x.reshape((2, 3) * 9)"),
    ("torch", "y = 'same'.shape"),
    ("torch", "y = 'same'.flatten()"),
    ("torch", "y = (1).real"),
    ("torch", "y = None"),
    ("torch", "y = True['a']"),
    # words that some function makes more of
    ("numpy", "y = numpy.zeros(3, 'O')"),
    ("numpy", "y = numpy.zeros(3, dtype='object')"),
    ("numpy", "y = numpy.zeros(3, dtype='O,O')"),
    ("numpy", "y = x.astype('U9')"),
    ("numpy", "y = x.astype('M8')"),
    ("numpy", "y = numpy.array('abc')"),
    ("numpy", "y = numpy.array(['a', 'b'])"),
    ("numpy", "y = numpy.einsum('ij->i__class__', x)"),
    ("numpy", "y = numpy.add('i,j', x)"),
    ("numpy", "y = numpy.pad(x, 1, mode='empty')"),
    ("numpy", "y = numpy.array('same')"),
    ("numpy", "y = numpy.array([x, 'same'])"),
    ("numpy", "y = numpy.zeros(3, (numpy.float32, 99999999999))"),
    ("numpy", "y = numpy.zeros(3, dtype=['f4', 'f4'])"),
    ("numpy", "y = numpy.einsum('i,O', x, w, dtype='i,O')"),
    ("numpy", "y = x.sum(0, None, w)"),
    ("numpy", "y = x.clip(0, 1, w)"),
    ("numpy", "y = numpy.lib.stride_tricks.sliding_window_view(x, 1, writeable=True)"),
    ("jax", "y = jax.lax.reduce_window(x, 0.0, (jax.lax.add,), (1,), (1,), 'SAME')"),
    ("keras", "y = keras.layers.Activation('os.system')(x)"),
    ("keras", "y = keras.layers.Activation('keras.src.saving.load_model')(x)"),
    ("keras", "y = keras.layers.Dense(3, activation={'module': 'os'})(x)"),
    ("keras", "y = keras.layers.Dense(3, kernel_initializer='custom_thing')(x)"),
    ("keras", "y = keras.layers.Dense(3, kernel_regularizer='l2')(x)"),
    ("jax", "y = x.at[0].get(mode='promise_in_bounds')"),
    ("jax", "y = jax.numpy.take(x, w, mode='promise_in_bounds')"),
    ("torch", "y = torch.zeros(3, device='cuda')"),
    # keyword arguments, and arguments without a name that are written into
    ("numpy", "y = numpy.add(x, w, out=x)"),
    ("numpy", "y = numpy.add(x, w, x)"),
    ("numpy", "y = numpy.exp(x, w)"),
    ("numpy", "y = numpy.sum(x, 0, None, w)"),
    ("numpy", "y = numpy.add(x, w, extobj=[8192, 0, None])"),
    ("numpy", "y = numpy.array(x, subok=True)"),
    ("numpy", "y = numpy.zeros(3, like=x)"),
    ("torch", "y = torch.add(x, w, out=x)"),
    ("torch", "y = torch.nn.functional.relu(x, inplace=True)"),
    ("torch", "y = torch.nn.functional.embedding(x, w, max_norm=1.0)"),
    ("torch", "y = torch.nn.functional.embedding(x, w, None, 1.0)"),
    ("torch", "y = torch.nn.Embedding(3, 4, None, 1.0)(x)"),
    ("torch", "y = torch.zeros(3, device=0)"),
    ("keras", "y = keras.layers.Dense(3, kernel_constraint=x)(x)"),
    # unchecked or unwritten memory, state, output
    ("torch", "y = torch.empty(3)"),
    ("torch", "y = torch.empty_like(x)"),
    ("numpy", "y = numpy.empty(3)"),
    ("keras", "y = keras.ops.empty((3,))"),
    ("torch", "y = torch.embedding_bag(x, w, x)"),
    ("torch", "y = torch.segment_reduce(x, 'sum', lengths=w)"),
    ("torch", "y = torch.sparse_coo_tensor(x, w)"),
    ("torch", "y = torch.sparse.mm(x, w)"),
    ("torch", "y = torch.searchsorted(x, w, sorter=w)"),
    ("torch", "y = torch.repeat_interleave(x, w, output_size=1)"),
    ("torch", "y = torch.nn.functional.scaled_dot_product_attention(x, w, x)"),
    ("torch", "y = torch.func.functional_call(torch.nn.LSTM(3, 4), {'weight_ih_l0': w}, (x,))"),
    # lengths whose sum is beyond 64 bits write behind what was allocated
    ("numpy", "y = numpy.repeat(x, 4611686018427387904)"),
    ("numpy", "y = x.repeat(4611686018427387904)"),
    ("numpy", "y = numpy.tile(x, (1, 4611686018427387904))"),
    # what may not be given by its name may not be given without it
    ("numpy", "y = numpy.fft.fft(x, 4, 0, 'ortho', w)"),
    ("numpy", "y = x.conj(w)"),
    ("torch", "y = torch.nn.functional.relu(x, True)"),
    ("torch", "y = torch.nn.ReLU(True)(x)"),
    ("torch", "y = torch.nn.functional.normalize(x, 2.0, 1, 1e-12, w)"),
    ("torch", "y = torch.norm(x, 2, 0, False, w)"),
    ("jax", "y = jax.numpy.take(x, w, 0, None, 'clip', True, True)"),
    ("tensorflow", "y = tf.gather(x, w, True)"),
    ("keras", "y = keras.layers.Dense(2, None, True, 'ones', 'zeros', x)(x)"),
    ("keras", "y = keras.ops.dot_product_attention(x, w, x)"),
    ("keras", "y = keras.ops.segment_sum(x, w)"),
    ("tensorflow", "y = tf.math.unsorted_segment_sum(x, w, 3)"),
    ("tensorflow", "y = tf.math.segment_sum(x, w)"),
    ("tensorflow", "y = tf.sparse.from_dense(x)"),
    ("tensorflow", "y = tf.math.bincount(x)"),
    ("torch", "y = torch.manual_seed(1)"),
    ("torch", "y = torch.rand(3)"),
    ("torch", "y = torch.nn.functional.dropout(x)"),
    ("numpy", "numpy.info('conv', toplevel='evil')\ny = x"),
    ("numpy", "numpy.add_newdoc('this', 'x', 'y')\ny = x"),
    ("numpy", "numpy.seterrobj([8192, 136, None])\ny = x"),
    ("numpy", "y = numpy.recfromtxt('f')"),
    ("numpy", "y = x.view('u1')"),
    ("numpy", "y = x.resize(9)"),
    ("numpy", "y = x.flat"),
    ("numpy", "y = x.base"),
    ("torch", "y = x.data"),
    ("torch", "y = x.grad_fn"),
    # layers
    ("torch", "p = torch.nn.ParameterDict([['a', x]])\ny = p['a']"),
    ("torch", "y = torch.nn.Sequential(torch.nn.ReLU())(x)"),
    ("torch", "y = torch.nn.ReLU().compile(options=x)"),
    ("torch", "y = torch.nn.Linear(3, 4).weight"),
    ("torch", "y = torch.nn.Linear(3, 4)[0]"),
    ("torch", "y = torch.nn.Linear(3, 4) + x"),
    ("torch", "a, b = torch.nn.Linear(3, 4)\ny = x"),
    ("torch", "y = torch.add(torch.nn.Linear(3, 4), x)"),
    ("torch", "y = torch.func.functional_call(x, {'weight': w}, (x,))"),
    ("torch", "y = torch.func.functional_call(torch.nn.Linear(3, 4), {'__class__': w}, (x,))"),
    ("torch", "y = torch.func.functional_call(torch.nn.Linear(3, 4), {'weight': 'same'}, (x,))"),
    ("keras", "l = keras.layers.Dense(3)\ny = l.get_weights()"),
    ("keras", "y = keras.layers.Dense(3).export('f')"),
    ("keras", "y = keras.layers.Bidirectional(keras.layers.GRU(3))(x)"),
    # numbers that grow
    ("torch", "n = x.shape[0]\n" + "n = n * n\n" * 10 + "y = x"),
    ("torch", "a, b = x.shape\n" + "a = a * a\n" * 10 + "y = x"),
    ("torch", "n = x.ndim\n" + "n = n * n\n" * 10 + "y = x"),
    # characters that are not seen, or end a line for some readers only
    ("numpy", "y = x  # a\u2028import os"),
    ("numpy", "y = x  # a\u2029import os"),
    ("numpy", "y = x  # a\x85import os"),
    ("numpy", "y = x  # a\x0bimport os"),
    ("numpy", "y = x  # a\x0cimport os"),
    ("numpy", "y = x  # a\x1cimport os"),
    ("numpy", "y = x  # a\x1d\x1eimport os"),
    ("numpy", "y = x  # a\x1b[2J"),
    ("numpy", "y = x  # a\u202eb"),
    ("numpy", "y = x  # a\u2066b"),
    ("numpy", "y = x  # a\u200bb"),
    ("numpy", "y = x  # a\x07"),
    ("numpy", "y = x  # a\x7f"),
    ("numpy", "\ufeffy = x"),
]

LEGITIMATE = [
    ("torch", "y = torch.nn.functional.conv_transpose2d(x, w, stride=(2, 2), padding=(1, 1), output_padding=(1, 1))"),
    (
        "torch",
        "y = torch.nn.functional.conv2d(x.contiguous(memory_format=torch.channels_last), w)\ny = y[:, :, 1:-1, ::2]",
    ),
    (
        "torch",
        "padded = torch.nn.functional.pad(x, (1, 2, -1, 0))\ny = torch.nn.functional.conv1d(padded, w, bias=None)",
    ),
    (
        "torch",
        "layer = torch.nn.ConvTranspose2d(3, 4, (2, 2), bias=True)\n"
        'y = torch.func.functional_call(layer, {"weight": w, "bias": w}, (x, (4, 4)))',
    ),
    ("torch", "y = torch.nn.functional.interpolate(x, size=(4, 10), mode='nearest-exact', align_corners=False)"),
    ("torch", "y = torch.nn.functional.gelu(x, approximate='tanh')\ny = y + torch.reshape(w, (1, -1, 1, 1))"),
    ("torch", "y = x.to(torch.float32).permute(0, 2, 3, 1).flatten(1).sum()"),
    ("jax", "y = jax.lax.conv_transpose(x, w, (2, 2), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))"),
    (
        "jax",
        "y = jax.lax.conv_general_dilated(x, w, (1, 1), ((1, -1), (0, 2)), lhs_dilation=(2, 2), "
        "precision=jax.lax.Precision.HIGHEST)",
    ),
    ("jax", "y = x.at[:, 0].set(w)\ny = jax.numpy.pad(y, ((0, 0), (1, 1)))"),
    ("jax", "y = jax.image.resize(x, (1, 4, 4, 1), 'bilinear')"),
    ("jax", "y = jax.nn.gelu(x, approximate=False)"),
    ("tensorflow", "y = tf.nn.conv2d_transpose(x, w, (1, 4, 4, 1), (1, 2, 2, 1), padding='SAME', data_format='NHWC')"),
    ("tensorflow", "y = tf.nn.conv2d(x, w, 1, [[0, 0], [1, 2], [0, 0], [0, 0]])\ny = tf.pad(y, [[0, 0], [1, 1]])"),
    ("tensorflow", "y = tf.image.resize(x, (4, 10), method='bicubic')\ny = tf.nn.depth_to_space(y, 2)"),
    ("tensorflow", "y = tf.keras.layers.Conv2D(3, 2)\ny.build(x.shape)\ny = tf.cast(x, tf.float32)"),
    (
        "keras",
        "layer = keras.layers.Conv2DTranspose(8, 3, strides=2, padding='same', activation='relu')\n"
        "layer.build((1, 4, 4, 3))\ny, z = layer.stateless_call([w, w], [], x)",
    ),
    ("keras", "y = keras.ops.conv_transpose(x, w, strides=2, padding='same', output_padding=1)"),
    ("keras", "y = keras.ops.image.resize(x, (4, 4), interpolation='bilinear')\ny = keras.ops.get_item(y, 0)"),
    ("keras", "y = keras.layers.MaxPooling2D(2, padding='same')(x)"),
    ("torch", "y = torch.nn.ReLU()(x)\nvalues, indices = torch.topk(y, 3)\ny = values"),
    ("torch", "a, b = x.shape\ny = x.reshape(a * b, -1) / x.shape[0]"),
    ("torch", "a = b = torch.zeros((2, 3), dtype=torch.float32)\ny = a + b\ny = y + x"),
    ("torch", "plan = x\nnp = plan\ny = np[..., None, 0, w]"),
    ("torch", "y = torch.sum(\n    x,\n    dim=(0, 1),\n)"),
    ("torch", "y = x[:-1, None] * 2 - torch.pi"),
    ("jax", "y = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID')"),
    ("numpy", "y = numpy.float32(0.5) * x + numpy.pi"),
    ("keras", "y = keras.ops.batch_normalization(x, w, w, axis=-1, epsilon=1e-3)"),
    ("numpy", "v = numpy.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2]\ny = v"),
    ("numpy", "y = numpy.einsum('nchwij,ocij->nohw', x, w, optimize=True)\ny = numpy.pad(y, ((0, 0), (1, 2)))"),
    ("numpy", "y = numpy.einsum('...c,cd->...d', x, w)\ny = -y * 2 + x.astype(numpy.float64) @ w - 1.5 / 2"),
    ("numpy", "y = x[..., None, 0, 1:]\ny = numpy.flip(y, (1, 2)).transpose(0, 2, 1).reshape((4, -1))"),
]


@pytest.mark.parametrize(("framework", "text"), ATTACKS, ids=lambda v: ascii(v)[:60])
def test_an_attack_is_refused_with_a_place(framework: str, text: str) -> None:
    findings = check_plan(text, framework, ["x", "w"])
    assert findings
    assert all(f.line >= 1 and f.column >= 1 and f.message for f in findings)


@pytest.mark.parametrize(("framework", "text"), LEGITIMATE, ids=lambda v: v[:60])
def test_a_plan_is_allowed(framework: str, text: str) -> None:
    assert check_plan(text, framework, ["x", "w"]) == []


def test_a_finding_names_the_place_and_the_word() -> None:
    (finding,) = check_plan("z = x\ny = torch.os.system(z)", "torch", ["x"])
    assert (finding.line, finding.column) == (2, 5)
    assert "'torch.os.system'" in finding.message


def test_all_findings_come_at_once() -> None:
    assert [f.line for f in check_plan("import os\ny = numpy.load(x)\nz = q", "numpy", ["x"])] == [1, 2, 3]


@pytest.mark.parametrize(
    "name",
    [
        "torch",
        "_x",
        "__builtins__",
        "x=torch.load",
        "x, z",
        "a b",
        "",
        "1x",
        "lambda",
        "None",
        "x)\n  import os #",
        "\u00e9",
    ],
)
def test_the_name_of_a_tensor_is_no_way_in(name: str) -> None:
    # Names become the arguments of a function: `def plan(x=torch.load("f")):` would run.
    assert check_plan("y = x", "torch", ["x", name])
    assert check_plan("y = x", "torch", ["x"], outputs=[name])


def test_every_output_is_assigned() -> None:
    text = "values, indices = torch.topk(x, 3)"
    assert check_plan(text, "torch", ["x"], ["values", "indices"]) == []
    [finding] = check_plan(text, "torch", ["x"], ["values", "indices", "rest"])
    assert finding.message == "the plan never assigns its output 'rest'"


@given(st.text(max_size=200))
def test_no_text_breaks_the_check(text: str) -> None:
    for finding in check_plan(text, "numpy", ["x"]):
        assert finding.message


def test_a_trusted_plan_may_name_what_is_public() -> None:
    text = "f = torch.relu\ny = torch.nn.Sequential(torch.nn.ReLU())(f(x).view('a')).anything"
    assert check_plan(text, "torch", ["x"])
    assert check_plan(text, "torch", ["x"], trusted=True) == []


@pytest.mark.parametrize("text", ["import os\ny = x", "y = x.__class__", "y = torch._C", "y = [v for v in x]", "y = z"])
def test_trust_does_not_change_the_syntax(text: str) -> None:
    assert check_plan(text, "torch", ["x"], trusted=True)


def test_no_word_or_keyword_is_more_than_a_word() -> None:
    assert not [word for word in WORDS if not re.fullmatch(r"<?[A-Za-z0-9_-]+", word)]
    assert {"out", "inplace", "extobj", "device", "max_norm"} <= REFUSED_KEYWORDS


def test_no_dtype_of_objects_hides_among_the_words() -> None:
    layouts = ["".join(letters) for n in (2, 3, 4, 5) for letters in permutations("NCIODHW", n)]
    for word in [*WORDS, *filter(is_layout, layouts), "IO", "OI", "NCO", "ONC"]:
        try:
            kind = numpy.dtype(word)
        except TypeError:
            continue
        assert not kind.hasobject
        assert kind.names is None


# Looks every name of a table up in the installed framework: what it is, and the arguments it can be given.
LOOK = """
import importlib, inspect, json, sys, types
sys.path.insert(0, sys.argv[2])
framework = sys.argv[1]
try:
    found = importlib.import_module(framework)
    for more in {"jax": ["jax.image", "jax.scipy.signal", "jax.scipy.special"]}.get(framework, []):
        importlib.import_module(more)
except ImportError:
    print(json.dumps(None)); raise SystemExit
from conformance.target import FRAMEWORKS
table = FRAMEWORKS[framework].allowed
from conformance.worker.allowed import REFUSED_KEYWORDS
wrong, taking, reached = [], [], []
for name in sorted(table.functions | table.layers | table.constants | table.shapes):
    value = found
    try:
        for part in name.split(".")[1:]:
            value = getattr(value, part)
    except AttributeError:
        wrong.append(name + ": is not there")
        continue
    if isinstance(value, types.ModuleType):
        wrong.append(name + ": a module")
    if name not in table.constants and not callable(value):
        wrong.append(name + ": can't be called")
    if name in table.functions and inspect.isclass(value) and name not in table.constants:
        if framework != "keras" and ".initializers." not in name and framework != "numpy":
            wrong.append(name + ": a class")
    try:
        arguments = inspect.signature(value).parameters
    except (TypeError, ValueError):
        continue
    taking += [name + "(" + a + ")" for a in arguments if a in ("fn", "func", "function", "callback", "file", "path")]
    unnamed = [a.name for a in arguments.values() if a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD)]
    reached += [name + "(" + a + ")" for a in unnamed[: table.positional.get(name)] if a in REFUSED_KEYWORDS]
print(json.dumps([len(table.functions), wrong, taking, reached]))
"""


def test_what_is_said_of_one_plan_has_an_end() -> None:
    calls = ", ".join(f"torch.nn.functional.conv{n}x(x)" for n in range(200))
    found = check_plan(f"y = torch.stack(({calls}))", "torch", ["x"])
    assert len(found) == MAX_FINDINGS
    # Near words are looked for among hundreds, for some of them alone.
    assert sum("did you mean" in finding.message for finding in found) == MAX_HINTS
    assert "did you mean" in found[0].message
    model = "\n".join("y = unknown" for _ in range(64))
    assert len(check_plan(model, "onnx", ["x"])) == MAX_FINDINGS


@pytest.mark.parametrize("framework", sorted(TABLES))
def test_every_allowed_name_is_there_and_takes_nothing_that_is_refused(framework: str) -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "jax", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, framework, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=LONG,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.strip().split("\n")[-1])
    if answer is None:
        pytest.skip(f"{framework} is not installed")
    seen, wrong, taking, reached = answer
    assert seen > 100
    assert wrong == []
    assert taking == []
    # What may not be given by its name may not be given without it. That of an LPPool is its power, and no limit.
    assert [name for name in reached if not name.endswith("(norm_type)")] == []


def test_the_shipped_cases_use_only_what_is_allowed() -> None:
    root, files = find_files([ROOT / "cases"])
    plans = 0
    for file in files:
        if "op: call" in file.read_text(encoding="utf-8"):
            for case in load(file, root).cases():
                plans += len(case.op.plans)
    assert plans > 30
