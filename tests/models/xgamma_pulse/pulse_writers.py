"""Files of pulses, written in each format."""

import h5py
import numpy as np

FACTS = {"sampling_period_ns": 100.0, "baseline_samples": 40, "full_scale": 4095}


def write_hdf5(path, waveforms, labels=None, **facts):
    with h5py.File(path, "w") as file:
        file.create_dataset("waveforms", data=waveforms)
        if labels is not None:
            file.create_dataset("labels", data=labels)
        file.attrs.update(facts)
    return path


def write_npz(path, waveforms, labels=None, **facts):
    np.savez_compressed(path, waveforms=waveforms, **facts)
    if labels is not None:
        np.savez_compressed(path, waveforms=waveforms, labels=labels, **facts)
    return path


def write_csv(path, waveforms, labels=None, **facts):
    lines = [f"# {name} = {value}" for name, value in facts.items()]
    names = [str(number) for number in range(waveforms.shape[1])]
    lines.append(",".join(names if labels is None else ["label", *names]))
    for row, waveform in enumerate(waveforms):
        numbers = [str(value) for value in waveform]
        lines.append(",".join(numbers if labels is None else [str(labels[row]), *numbers]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


WRITERS = {"pulses.h5": write_hdf5, "pulses.npz": write_npz, "pulses.csv": write_csv}
