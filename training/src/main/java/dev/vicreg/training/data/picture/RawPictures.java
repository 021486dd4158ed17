package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.Samples;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Uncompressed pictures, one after the other in a few files, kept in memory as they are. */
final class RawPictures implements Samples<Picture> {
    /** Largest file that is read into memory. */
    static final int MAX_FILE = 1 << 30;

    private final List<Block> blocks;
    private final int[] firstOfBlock;
    private final List<String> labelNames;
    private final int channels;

    /**
     * @param labelNames names of the numbers in the blocks' labels
     * @param channels in which pictures are decoded
     */
    RawPictures(List<Block> blocks, List<String> labelNames, int channels) {
        this.blocks = blocks;
        this.channels = channels;
        this.labelNames = labelNames;
        firstOfBlock = new int[blocks.size() + 1];
        for (int b = 0; b < blocks.size(); b++) {
            firstOfBlock[b + 1] = Math.addExact(firstOfBlock[b], blocks.get(b).labels().length);
        }
    }

    /**
     * One file.
     *
     * @param start offset of the first picture's samples
     * @param stride bytes from a picture's samples to the next one's
     * @param channels as {@link Picture} has them
     * @param planar whether the channels follow one another, [channels, height, width], rather than interleave
     * @param labels one for each picture, -1 for unknown
     * @param isTest whether it is the test part of its set
     */
    record Block(
            String name,
            byte[] data,
            int start,
            int stride,
            int width,
            int height,
            int channels,
            boolean planar,
            int[] labels,
            boolean isTest) {}

    /** Where nothing else is known, a class is called by its number. */
    static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    @Override
    public int size() {
        return firstOfBlock[blocks.size()];
    }

    @Override
    public String name(int index) {
        int b = blockOf(index);
        return blocks.get(b).name() + "#" + (index - firstOfBlock[b]);
    }

    @Override
    public int label(int index) {
        int b = blockOf(index);
        return blocks.get(b).labels()[index - firstOfBlock[b]];
    }

    @Override
    public List<String> labelNames() {
        return labelNames;
    }

    @Override
    public long encodedSize(int index) {
        Block block = blocks.get(blockOf(index));
        return (long) block.width() * block.height() * block.channels();
    }

    @Override
    public byte[] encoded(int index) {
        int b = blockOf(index);
        Block block = blocks.get(b);
        int from = block.start() + block.stride() * (index - firstOfBlock[b]);
        return Arrays.copyOfRange(block.data(), from, from + (int) encodedSize(index));
    }

    @Override
    public Picture decode(int index, byte[] samples) {
        Block block = blocks.get(blockOf(index));
        byte[] interleaved = block.planar() ? interleaved(samples, block.channels()) : samples;
        return new Picture(block.width(), block.height(), block.channels(), interleaved).withChannels(channels);
    }

    private static byte[] interleaved(byte[] planes, int channels) {
        int pixels = planes.length / channels;
        byte[] samples = new byte[planes.length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = planes[i % channels * pixels + i / channels];
        }
        return samples;
    }

    @Override
    public String noun() {
        return PictureKind.NOUN;
    }

    @Override
    public long decodedSize(Picture picture) {
        return picture.samples().length;
    }

    @Override
    public boolean isCompressed() {
        return false;
    }

    @Override
    public boolean mixesTrainAndTest() {
        return blocks.stream().anyMatch(Block::isTest) && !blocks.stream().allMatch(Block::isTest);
    }

    @Override
    public void close() {}

    private int blockOf(int index) {
        for (int b = 0; b < blocks.size(); b++) { // six at most in the sets we know
            if (index < firstOfBlock[b + 1]) {
                return b;
            }
        }
        throw new IndexOutOfBoundsException(index);
    }
}
